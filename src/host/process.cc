#include "host/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <system_error>

#include "host/real_clock.h"

namespace berth::host {

namespace {

std::string text_of(int error) { return std::system_category().message(error); }

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }
  void reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::vector<std::string> merged_env(const std::vector<std::pair<std::string, std::string>>& added) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : added) variables[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

// The null-terminated array of C strings that exec wants, pointing into `lines`.
std::vector<char*> pointers(std::vector<std::string>& lines) {
  std::vector<char*> result;
  for (std::string& line : lines) result.push_back(line.data());
  result.push_back(nullptr);
  return result;
}

Result<pid_t> spawn(const Program& program, int output) {
  std::vector<std::string> command = program.command;
  std::vector<std::string> env = merged_env(program.env);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  // Ignored signals are inherited: the child is to die of a broken pipe like any other.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, command.front().c_str(), &actions, &attributes,
                                  pointers(command).data(), pointers(env).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == 0) return pid;
  return Error{failed == ENOENT ? Code::NotFound : Code::Unavailable, text_of(failed)};
}

class Deadline {
 public:
  explicit Deadline(Millis timeout) : timeout_(timeout), end_(clock_.monotonic() + timeout) {}

  // Until `fd` can be read or is closed by the other side; an Error when that takes too long.
  Status wait_for(int fd) const {
    while (true) {
      const Millis left = std::max(end_ - clock_.monotonic(), Millis{0});
      pollfd ready{.fd = fd, .events = POLLIN};
      const int count = ::poll(&ready, 1, static_cast<int>(left.count()));
      if (count > 0) return Done{};
      if (count == 0)
        return Error{Code::Timeout, "not done in " + std::to_string(timeout_.count()) + " ms"};
      if (errno != EINTR) return Error{Code::Internal, text_of(errno)};
    }
  }

 private:
  RealClock clock_;
  Millis timeout_;
  Monotonic end_;
};

// Everything until the end of the pipe.
Result<std::string> read_all(int fd, const Deadline& deadline, size_t bytes_max) {
  std::string output;
  std::array<char, 4096> chunk{};
  while (true) {
    BERTH_TRY(deadline.wait_for(fd));
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0) return Error{Code::Unavailable, text_of(errno)};
    if (got == 0) return output;
    output.append(chunk.data(), static_cast<size_t>(got));
    if (output.size() > bytes_max)
      return Error{Code::Invalid, "printed more than " + std::to_string(bytes_max) + " bytes"};
  }
}

// What it printed, once it has printed it all and ended; that can be two moments.
Result<std::string> await(pid_t pid, int output_fd, const Program& program) {
  const Deadline deadline(program.timeout);
  std::string output = BERTH_TRY(read_all(output_fd, deadline, program.output_bytes_max));
  // Not glibc's pidfd_open(): 2.36 declares it for C only.
  const Fd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (process.get() >= 0) BERTH_TRY(deadline.wait_for(process.get()));
  return output;
}

int reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<std::string> run_program(const Program& program) {
  if (program.command.empty()) return Error{Code::Invalid, "no program given"};
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{Code::Unavailable, text_of(errno)};
  const Fd reading(ends[0]);
  Fd writing(ends[1]);

  const pid_t pid = BERTH_TRY(spawn(program, writing.get()));
  writing.reset();  // or the pipe would not end with the child
  auto output = await(pid, reading.get(), program);
  if (!output) kill(pid, SIGKILL);
  const int status = reap(pid);
  if (!output) return output;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
  const std::string why = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                            : "signal " + std::to_string(WTERMSIG(status));
  return Error{Code::Unavailable, "ended with " + why};
}

}  // namespace berth::host
