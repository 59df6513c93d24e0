#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "router/proxy/loop.h"

// One request again and again over one connection that stays open.
namespace berth::bench {

using Clock = std::chrono::steady_clock;

struct Options {
  uint16_t port = 0;
  std::string path;
  std::string body_file;
  bool is_grpc = false;
  int connections = 8;
  double seconds = 5;
  double rate = 0;  // requests per second over all connections; 0: closed
};

class Client;

// What all connections share. Its loop is the router's, for the frames of HTTP/2.
struct Run {
  const Options& options;
  std::string body;
  NoLog log{};
  router::Shared shared{.limits = {}, .log = log};
  router::Loop loop{shared, 0};
  Clock::time_point begun{};
  Clock::time_point end{};
  std::vector<double> milliseconds{};
  int64_t errors = 0;
  int64_t in_hand = 0;                  // sent and not answered
  std::deque<Clock::time_point> due{};  // at a fixed rate: not sent yet
  std::vector<Client*> idle{};
};

// One connection, one request at a time.
class Client {
 public:
  explicit Client(Run& run) : run_(run) {}
  virtual ~Client() = default;

  void send(Clock::time_point due) {
    due_ = due;
    ++run_.in_hand;
    send();
  }

 protected:
  void answered();
  void refuse() { ++run_.errors; }  // an answer that is none; answered() follows
  void lose() {                     // the connection
    ++run_.errors;
    --run_.in_hand;
  }

  Run& run_;

 private:
  virtual void send() = 0;

  Clock::time_point due_;
};

std::unique_ptr<Client> make_rest_client(Run& run);
std::unique_ptr<Client> make_grpc_client(Run& run);

}  // namespace berth::bench
