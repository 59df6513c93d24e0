#include "worker/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace berth::worker {
namespace {

namespace fs = std::filesystem;

Error file_error(const char* verb, const fs::path& path, int number) {
  return Error{number == ENOENT ? Code::NotFound : Code::Unavailable,
               std::string(verb) + " " + path.string() + ": " +
                   std::error_code(number, std::generic_category()).message()};
}

// Owns an open file.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

Status write_all(const fs::path& path, int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("write", path, errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return Done{};
}

}  // namespace

std::string sha256_hex(std::span<const std::byte> bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(size * size_t{2});
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

Result<Bytes> read_file(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (file.get() < 0) return file_error("read", path, errno);
  Bytes bytes;
  std::array<std::byte, 65536> chunk;
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", path, errno);
    if (got == 0) return bytes;
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + got);
  }
}

Status write_and_sync(const fs::path& path, std::span<const std::byte> bytes) {
  Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) return file_error("create", path, errno);
  BERTH_TRY(write_all(path, file.get(), bytes));
  if (::fsync(file.get()) != 0) return file_error("sync", path, errno);
  if (file.close() != 0) return file_error("close", path, errno);  // network disks report here
  return Done{};
}

Status write_in_place(const fs::path& path, std::string_view text) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) return file_error("create", path, errno);
  return write_all(path, file.get(), bytes_of(text));
}

Status sync_directory(const fs::path& path) {
  const Descriptor folder(path, O_RDONLY | O_DIRECTORY);
  if (folder.get() < 0) return file_error("open", path, errno);
  if (::fsync(folder.get()) != 0) return file_error("sync", path, errno);
  return Done{};
}

Status replace_file(const fs::path& path, std::span<const std::byte> bytes) {
  fs::path part = path;
  part += ".part";
  BERTH_TRY(write_and_sync(part, bytes));
  BERTH_TRY(rename_path(part, path));
  return sync_directory(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

Status make_directories(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure) return file_error("create folder", path, failure.value());
  return Done{};
}

Status rename_path(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::rename(from, to, failure);
  if (failure) return file_error("rename to", to, failure.value());
  return Done{};
}

Status remove_tree(const fs::path& path) {
  std::error_code failure;
  fs::remove_all(path, failure);
  if (failure) return file_error("remove", path, failure.value());
  return Done{};
}

Result<std::vector<std::string>> list_names(const fs::path& path) {
  std::error_code failure;
  std::vector<std::string> names;
  for (fs::directory_iterator at(path, failure), end; !failure && at != end;
       at.increment(failure)) {
    names.push_back(at->path().filename().string());
  }
  if (failure) return file_error("list", path, failure.value());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace berth::worker
