#include "worker/checkpoint_store.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <tuple>

namespace berth::worker {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAttemptPrefix = "attempt-";
constexpr std::string_view kStepPrefix = "step-";
constexpr std::string_view kPartPrefix = ".part-";
// Two, so that the one being resumed from survives if the newest turns out to be damaged.
constexpr size_t kKept = 2;

// The number in a name such as attempt-3; nothing for names that are not ours.
std::optional<int64_t> number_after(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure != std::errc{} || end != name.data() + name.size() || number < 0) return std::nullopt;
  return number;
}

// Zero-padded, so that names sort as numbers do in every tool.
std::string step_name(int64_t step) {
  std::string digits = std::to_string(step);
  return std::string(kStepPrefix) + std::string(12 - std::min<size_t>(12, digits.size()), '0') +
         digits;
}

struct Place {
  int64_t attempt;
  int64_t step;
  fs::path folder;
};

Result<std::vector<int64_t>> attempts_in(const fs::path& root) {
  std::vector<int64_t> attempts;
  for (const std::string& name : BERTH_TRY(list_names(root))) {
    if (const auto attempt = number_after(kAttemptPrefix, name)) attempts.push_back(*attempt);
  }
  return attempts;
}

// Every published checkpoint, newest first.
Result<std::vector<Place>> places_in(const fs::path& root) {
  std::vector<Place> places;
  for (const int64_t attempt : BERTH_TRY(attempts_in(root))) {
    const fs::path folder = root / (std::string(kAttemptPrefix) + std::to_string(attempt));
    const auto names = list_names(folder);
    if (!names.ok()) continue;  // not a folder, or gone since: nothing to resume from
    for (const std::string& name : *names) {
      if (const auto step = number_after(kStepPrefix, name)) {
        places.push_back({attempt, *step, folder / name});
      }
    }
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(a.attempt, a.step) > std::tie(b.attempt, b.step);
  });
  return places;
}

std::string uri_of(const fs::path& folder) { return "file://" + fs::absolute(folder).string(); }

// Reads one checkpoint and proves it whole.
Result<LoadedCheckpoint> load(const Place& place) {
  const Bytes text = BERTH_TRY(read_file(place.folder / "manifest.json"));
  const StoredManifest stored = BERTH_TRY(
      parse_manifest(std::string_view(reinterpret_cast<const char*>(text.data()), text.size())));
  if (stored.manifest.step != place.step || stored.manifest.attempt != place.attempt) {
    return Error{Code::Invalid, "manifest.json is of another checkpoint"};
  }
  Bytes state = BERTH_TRY(read_file(place.folder / "state.bin"));
  if (state.size() != stored.state_bytes) {
    return Error{Code::Invalid, "state.bin has " + std::to_string(state.size()) +
                                    " bytes, the manifest says " +
                                    std::to_string(stored.state_bytes)};
  }
  if (sha256_hex(state) != stored.state_sha256) {
    return Error{Code::Invalid, "state.bin does not have the manifest's digest"};
  }
  return LoadedCheckpoint{
      stored.manifest, std::move(state), {place.step, uri_of(place.folder), stored.state_sha256}};
}

}  // namespace

fs::path CheckpointStore::attempt_folder() const {
  return root_ / (std::string(kAttemptPrefix) + std::to_string(attempt_));
}

Status CheckpointStore::refuse_when_overtaken() const {
  for (const int64_t attempt : BERTH_TRY(attempts_in(root_))) {
    if (attempt > attempt_) {
      return Error{Code::Conflict, "attempt " + std::to_string(attempt) + " has taken over from " +
                                       std::to_string(attempt_) + " in " + root_.string()};
    }
  }
  return Done{};
}

Result<CheckpointStore> CheckpointStore::claim(fs::path root, int64_t attempt) {
  CheckpointStore store(std::move(root), attempt);
  BERTH_TRY(make_directories(store.root_));
  BERTH_TRY(store.refuse_when_overtaken());
  BERTH_TRY(make_directories(store.attempt_folder()));
  BERTH_TRY(sync_directory(store.root_));
  return store;
}

Result<PublishedCheckpoint> CheckpointStore::publish(const Manifest& manifest,
                                                     std::span<const std::byte> state) const {
  BERTH_TRY(refuse_when_overtaken());
  const std::string name = step_name(manifest.step);
  const fs::path folder = attempt_folder() / name;
  const fs::path part = attempt_folder() / (std::string(kPartPrefix) + name);
  const std::string digest = sha256_hex(state);

  // This attempt was restarted and came to the same step again: then the bytes are the same too.
  const auto there = load({attempt_, manifest.step, folder});
  if (there.ok() && there->published.sha256 == digest) return there->published;

  BERTH_TRY(remove_tree(part));  // left behind by a crash at this very step
  BERTH_TRY(make_directories(part));
  BERTH_TRY(write_and_sync(part / "state.bin", state));
  const std::string text = to_json(StoredManifest{manifest, digest, state.size()});
  BERTH_TRY(write_and_sync(part / "manifest.json", bytes_of(text)));
  BERTH_TRY(sync_directory(part));
  BERTH_TRY(remove_tree(folder));  // damaged: a rename cannot replace a full folder
  BERTH_TRY(rename_path(part, folder));
  BERTH_TRY(sync_directory(attempt_folder()));
  BERTH_TRY(prune());
  return PublishedCheckpoint{manifest.step, uri_of(folder), digest};
}

// Removes what is older than the newest kKept, and half-written ones. Newer attempts are not ours.
Status CheckpointStore::prune() const {
  size_t seen = 0;
  for (const Place& place : BERTH_TRY(places_in(root_))) {
    if (place.attempt > attempt_) continue;
    if (++seen > kKept) BERTH_TRY(remove_tree(place.folder));
  }
  for (const std::string& name : BERTH_TRY(list_names(attempt_folder()))) {
    if (name.starts_with(kPartPrefix)) BERTH_TRY(remove_tree(attempt_folder() / name));
  }
  return Done{};
}

Result<Found> CheckpointStore::newest_good() const {
  Found found;
  for (const Place& place : BERTH_TRY(places_in(root_))) {
    auto loaded = load(place);
    if (loaded.ok()) {
      found.checkpoint = std::move(loaded).value();
      return found;
    }
    found.skipped.push_back(place.folder.string() + ": " + loaded.error().message);
  }
  return found;
}

}  // namespace berth::worker
