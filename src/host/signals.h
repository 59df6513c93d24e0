#pragma once

namespace berth::host {

// Turns SIGTERM and SIGINT into a flag and a wake-up, for a graceful stop; a second one ends the
// program at once, as if nobody had asked to be told. Also ignores SIGPIPE: a peer that hangs up is
// an error of that write and not of the program. One at a time per process.
class StopSignals {
 public:
  // `wake_fd` gets eight bytes per signal: kube::CurlTransport::wake_fd(), an eventfd or a pipe.
  // It must outlive this. Negative: only the flag.
  explicit StopSignals(int wake_fd = -1);
  ~StopSignals();  // the signals end the program again
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool requested() const;
};

}  // namespace berth::host
