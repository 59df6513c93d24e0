#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::worker {

using Bytes = std::vector<std::byte>;

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string sha256_hex(std::span<const std::byte> bytes);

// Errors name the path and what the system said: NotFound when it is not there, else Unavailable.
Result<Bytes> read_file(const std::filesystem::path& path);

// Writes a new file and waits until the disk has it. Its name is durable only after
// sync_directory() of its folder.
Status write_and_sync(const std::filesystem::path& path, std::span<const std::byte> bytes);

// Overwrites what is there, for files that must keep their inode.
Status write_in_place(const std::filesystem::path& path, std::string_view text);

// Waits until the names in a folder are on the disk: a rename is durable only after this.
Status sync_directory(const std::filesystem::path& path);

// Replaces a file so that a reader, or a crash at any moment, sees the old or the new one whole.
Status replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

Status make_directories(const std::filesystem::path& path);
Status rename_path(const std::filesystem::path& from, const std::filesystem::path& to);
Status remove_tree(const std::filesystem::path& path);

// Names in a folder, sorted. NotFound when there is no such folder.
Result<std::vector<std::string>> list_names(const std::filesystem::path& path);

}  // namespace berth::worker
