// The load of bench/serving: one request again and again over connections that stay open. Closed (a
// connection sends the next one when it has its answer) finds the throughput; at a fixed rate, the
// latency at equal load, counted from when a request was due and not from when it could be sent.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

struct Options {
  uint16_t port = 0;
  std::string path;
  std::string body_file;
  int connections = 8;
  double seconds = 5;
  double rate = 0;  // requests per second over all connections; 0: closed
};

// What all connections share.
struct Run {
  const Options& options;
  std::string request;
  asio::io_context io{1};
  Clock::time_point begun{};
  Clock::time_point end{};
  std::vector<double> milliseconds{};
  int64_t errors = 0;
  std::deque<Clock::time_point> due{};  // at a fixed rate: not sent yet
  std::vector<class Connection*> idle{};
};

class Connection {
 public:
  explicit Connection(Run& run) : run_(run), socket_(run.io) {
    socket_.connect({asio::ip::address_v4::loopback(), run.options.port});
    socket_.set_option(tcp::no_delay(true));
  }

  void send(Clock::time_point due) {
    due_ = due;
    asio::async_write(socket_, asio::buffer(run_.request), [this](error_code error, size_t) {
      if (error) return failed();
      read_head();
    });
  }

 private:
  void read_head() {
    asio::async_read_until(socket_, asio::dynamic_buffer(in_), "\r\n\r\n",
                           [this](error_code error, size_t size) {
                             if (error) return failed();
                             read_body(size);
                           });
  }

  void read_body(size_t head) {
    std::string text = in_.substr(0, head);
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const size_t at = text.find("content-length: ");
    const size_t length = at == std::string::npos ? 0 : std::stoul(text.substr(at + 16));
    if (!text.starts_with("http/1.1 200")) ++run_.errors;
    const size_t more = head + length - std::min(in_.size(), head + length);
    asio::async_read(socket_, asio::dynamic_buffer(in_), asio::transfer_exactly(more),
                     [this](error_code error, size_t) {
                       if (error) return failed();
                       answered();
                     });
  }

  void answered() {
    in_.clear();
    const auto now = Clock::now();
    run_.milliseconds.push_back(std::chrono::duration<double, std::milli>(now - due_).count());
    if (now >= run_.end) return;
    if (run_.options.rate == 0) return send(now);
    if (run_.due.empty()) return run_.idle.push_back(this);
    const auto due = run_.due.front();
    run_.due.pop_front();
    send(due);
  }

  void failed() { ++run_.errors; }

  Run& run_;
  tcp::socket socket_;
  std::string in_;
  Clock::time_point due_;
};

// Makes requests due, one after the other, whether or not earlier ones have their answer.
class Pace {
 public:
  explicit Pace(Run& run) : run_(run), timer_(run.io) {}
  void tick() {
    const auto now = Clock::now();
    for (; next() <= now && next() < run_.end; ++made_) {
      if (run_.idle.empty()) {
        run_.due.push_back(next());
        continue;
      }
      Connection* connection = run_.idle.back();
      run_.idle.pop_back();
      connection->send(next());
    }
    if (next() >= run_.end) return;
    timer_.expires_at(next());
    timer_.async_wait([this](error_code) { tick(); });
  }

 private:
  Clock::time_point next() const {
    return run_.begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                            static_cast<double>(made_) / run_.options.rate));
  }
  Run& run_;
  asio::steady_timer timer_;
  int64_t made_ = 0;
};

double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

std::string request_of(const Options& options) {
  std::ifstream in(options.body_file, std::ios::binary);
  const std::string body{std::istreambuf_iterator<char>(in), {}};
  return "POST " + options.path +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

int measure(const Options& options) {
  Run run{.options = options, .request = request_of(options)};
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < options.connections; ++i) {
    connections.push_back(std::make_unique<Connection>(run));
  }
  run.begun = Clock::now();
  run.end = run.begun + std::chrono::duration_cast<Clock::duration>(
                            std::chrono::duration<double>(options.seconds));
  Pace pace(run);
  for (const auto& connection : connections) {
    if (options.rate == 0) {
      connection->send(run.begun);
    } else {
      run.idle.push_back(connection.get());
    }
  }
  if (options.rate > 0) pace.tick();
  run.io.run();
  const double took = std::chrono::duration<double>(Clock::now() - run.begun).count();
  auto& sorted = run.milliseconds;
  std::sort(sorted.begin(), sorted.end());
  std::cout << nlohmann::json{{"requests", sorted.size()},
                              {"errors", run.errors},
                              {"requests_per_second", static_cast<double>(sorted.size()) / took},
                              {"p50_milliseconds", percentile(sorted, 0.5)},
                              {"p99_milliseconds", percentile(sorted, 0.99)}}
            << "\n";
  return run.errors == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Sends one request again and again to 127.0.0.1 and prints latencies as JSON."};
  app.add_option("--port", options.port)->required();
  app.add_option("--path", options.path)->required();
  app.add_option("--body", options.body_file)->required();
  app.add_option("--connections", options.connections);
  app.add_option("--seconds", options.seconds);
  app.add_option("--rate", options.rate);
  CLI11_PARSE(app, argc, argv);
  return measure(options);
}
