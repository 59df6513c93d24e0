#include "host/line_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace berth::host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".jsonl";
constexpr size_t kDigits = 6;
constexpr std::chrono::seconds kLastWords{2};

Error failed(const std::string& what, const std::string& path, int number) {
  return {Code::Unavailable, what + " " + path + ": " + std::strerror(number)};
}

}  // namespace

// Shared with the thread under the mutex, but for the descriptor, which is the thread's own.
struct LineFiles::State {
  struct Work {
    std::optional<int64_t> begin;  // else a line
    std::string line;
  };

  explicit State(Options chosen) : options(std::move(chosen)) {}

  std::string path_of(int64_t file) const {
    std::string digits = std::to_string(file);
    digits.insert(0, kDigits - std::min(kDigits, digits.size()), '0');
    return options.folder + "/" + options.prefix + "-" + digits + std::string(kEnding);
  }

  // Numbers of the files that are there, ascending.
  std::vector<int64_t> files() const {
    std::vector<int64_t> numbers;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(options.folder, ignored)) {
      const std::string name = entry.path().filename().string();
      const std::string start = options.prefix + "-";
      if (!name.starts_with(start) || !name.ends_with(kEnding)) continue;
      const char* const from = name.data() + start.size();
      const char* const to = name.data() + name.size() - kEnding.size();
      int64_t number = 0;
      const auto read = std::from_chars(from, to, number);
      if (read.ec == std::errc() && read.ptr == to) numbers.push_back(number);
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return is_ending || !queue.empty(); });
      if (queue.empty()) break;
      const Work work = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      std::optional<Error> error = work.begin ? begin(*work.begin) : write(work.line);
      lock.lock();
      waiting_bytes -= static_cast<int64_t>(work.line.size());
      // Lines behind one that is missing are of no use.
      if (error) failure = std::move(error);
      changed.notify_all();
    }
    if (fd >= 0) ::close(fd);
  }

  std::optional<Error> begin(int64_t file) {
    if (fd >= 0) ::close(std::exchange(fd, -1));
    std::vector<int64_t> there = files();
    while (static_cast<int64_t>(there.size()) >= options.most_files) {
      std::error_code ignored;
      fs::remove(path_of(there.front()), ignored);
      there.erase(there.begin());
    }
    path = path_of(file);
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) return failed("create", path, errno);
    return std::nullopt;
  }

  std::optional<Error> write(std::string_view line) {
    if (fd < 0) return std::nullopt;  // its file could not be begun, which has been said
    while (!line.empty()) {
      const ssize_t written = ::write(fd, line.data(), line.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        const Error error = failed("write", path, written < 0 ? errno : ENOSPC);
        ::close(std::exchange(fd, -1));
        return error;
      }
      line.remove_prefix(static_cast<size_t>(written));
    }
    return std::nullopt;
  }

  Options options;
  int64_t next_file = 1;
  int fd = -1;       // of the thread
  std::string path;  // of the thread

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Work> queue;
  int64_t waiting_bytes = 0;
  std::optional<Error> failure;
  bool is_ending = false;
  std::thread thread;
};

Result<std::unique_ptr<LineFiles>> LineFiles::open(Options options) {
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) return failed("create", options.folder, error.value());
  if (::access(options.folder.c_str(), W_OK | X_OK) != 0) {
    return failed("write into", options.folder, errno);
  }
  auto state = std::make_unique<State>(std::move(options));
  const std::vector<int64_t> there = state->files();
  if (!there.empty()) state->next_file = there.back() + 1;
  state->thread = std::thread([&of = *state] { of.run(); });
  return std::unique_ptr<LineFiles>(new LineFiles(std::move(state)));
}

LineFiles::LineFiles(std::unique_ptr<State> state) : state_(std::move(state)) {}

LineFiles::~LineFiles() {
  {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_for(lock, kLastWords, [this] { return state_->queue.empty(); });
    state_->queue.clear();
    state_->is_ending = true;
    state_->changed.notify_all();
  }
  state_->thread.join();
}

int64_t LineFiles::next_file() const { return state_->next_file; }

Status LineFiles::begin(int64_t file) {
  const std::lock_guard lock(state_->mutex);
  state_->failure.reset();
  state_->queue.push_back({.begin = file, .line = {}});
  state_->changed.notify_all();
  return Done{};
}

Status LineFiles::append(std::string_view line) {
  const std::lock_guard lock(state_->mutex);
  if (state_->failure) return *state_->failure;
  const auto size = static_cast<int64_t>(line.size());
  if (state_->waiting_bytes + size > state_->options.most_waiting_bytes) {
    return Error{Code::Unavailable, "write into " + state_->options.folder +
                                        ": the disk is too slow: " +
                                        std::to_string(state_->waiting_bytes) + " bytes wait"};
  }
  state_->waiting_bytes += size;
  state_->queue.push_back({.begin = {}, .line = std::string(line)});
  state_->changed.notify_all();
  return Done{};
}

}  // namespace berth::host
