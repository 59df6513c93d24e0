// The load of bench/serving and bench/router: one request again and again over connections that
// stay open. Closed (a connection sends the next one when it has its answer) finds the throughput;
// at a fixed rate, the latency at equal load, counted from when a request was due and not from when
// it could be sent.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/load/client.h"

namespace berth::bench {

void Client::answered() {
  --run_.in_hand;
  const auto now = Clock::now();
  run_.milliseconds.push_back(std::chrono::duration<double, std::milli>(now - due_).count());
  if (now >= run_.end) return;
  if (run_.options.rate == 0) return send(now);
  if (run_.due.empty()) return run_.idle.push_back(this);
  const auto due = run_.due.front();
  run_.due.pop_front();
  send(due);
}

namespace {

// Makes requests due, one after the other, whether or not earlier ones have their answer.
class Pace {
 public:
  explicit Pace(Run& run) : run_(run), timer_(run.loop.io) {}
  void tick() {
    const auto now = Clock::now();
    for (; next() <= now && next() < run_.end; ++made_) {
      if (run_.idle.empty()) {
        run_.due.push_back(next());
        continue;
      }
      Client* client = run_.idle.back();
      run_.idle.pop_back();
      client->send(next());
    }
    if (next() >= run_.end) return;
    timer_.expires_at(next());
    timer_.async_wait([this](boost::system::error_code) { tick(); });
  }

 private:
  Clock::time_point next() const {
    return run_.begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                            static_cast<double>(made_) / run_.options.rate));
  }
  Run& run_;
  boost::asio::steady_timer timer_;
  int64_t made_ = 0;
};

double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Until what was sent in time is answered.
void run_to_the_end(Run& run) {
  while (Clock::now() < run.end || run.in_hand > 0) {
    run.loop.io.run_one_for(std::chrono::milliseconds(100));
  }
}

void print(Run& run) {
  const double took = std::chrono::duration<double>(Clock::now() - run.begun).count();
  auto& sorted = run.milliseconds;
  std::sort(sorted.begin(), sorted.end());
  std::cout << nlohmann::json{{"requests", sorted.size()},
                              {"errors", run.errors},
                              {"requests_per_second", static_cast<double>(sorted.size()) / took},
                              {"p50_milliseconds", percentile(sorted, 0.5)},
                              {"p99_milliseconds", percentile(sorted, 0.99)}}
            << "\n";
}

int measure(const Options& options) {
  Run run{.options = options, .body = content_of(options.body_file)};
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < options.connections; ++i) {
    clients.push_back(options.is_grpc ? make_grpc_client(run) : make_rest_client(run));
  }
  run.begun = Clock::now();
  run.end = run.begun + std::chrono::duration_cast<Clock::duration>(
                            std::chrono::duration<double>(options.seconds));
  Pace pace(run);
  for (const auto& client : clients) {
    if (options.rate == 0) {
      client->send(run.begun);
    } else {
      run.idle.push_back(client.get());
    }
  }
  if (options.rate > 0) pace.tick();
  run_to_the_end(run);
  print(run);
  clients.clear();
  return run.errors == 0 ? 0 : 1;
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) {
  berth::bench::Options options;
  CLI::App app{"Sends one request again and again to 127.0.0.1 and prints latencies as JSON."};
  app.add_option("--port", options.port)->required();
  app.add_option("--path", options.path)->required();
  app.add_option("--body", options.body_file)->required();
  app.add_flag("--grpc", options.is_grpc, "HTTP/2 without TLS, the body as one message");
  app.add_option("--connections", options.connections);
  app.add_option("--seconds", options.seconds);
  app.add_option("--rate", options.rate);
  CLI11_PARSE(app, argc, argv);
  return berth::bench::measure(options);
}
