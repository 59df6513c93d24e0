// Latency and throughput of the extender over mutual TLS, beside a bare echo of the same bytes by
// the same server, in one process and one run: see README.md.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "bench/budgets.h"
#include "bench/extender/scene.h"
#include "http/testing/tls_client.h"
#include "json/json_fwd.h"

namespace berth::bench {
namespace {

using Clock = std::chrono::steady_clock;
using http::testing::TlsClient;
using Micros = std::chrono::duration<double, std::micro>;

struct Latency {
  double p50_us = 0;
  double p99_us = 0;
};

Latency summarise(std::vector<double>& samples) {
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    return samples[static_cast<size_t>(share * static_cast<double>(samples.size() - 1))];
  };
  return {at(0.50), at(0.99)};
}

double time_one(TlsClient& client, const std::string& request) {
  const auto start = Clock::now();
  client.send(request);
  const auto answer = client.receive();
  const Micros took = Clock::now() - start;
  if (!answer || answer->status != 200) {
    std::cerr << "bench: a request failed\n";
    std::exit(1);
  }
  return took.count();
}

struct Compared {
  Latency echo;
  Latency filter;
};

// By turns, so that what disturbs the machine disturbs both alike.
Compared measure_latency(Scene& scene, const std::string& body, int rounds) {
  TlsClient client(scene.ca(), scene.client());
  client.connect(scene.port());
  const std::string echo = TlsClient::request("/echo", body);
  const std::string filter = TlsClient::request("/filter", body);
  for (int i = 0; i < rounds / 10; ++i) {
    time_one(client, echo);
    time_one(client, filter);
  }
  std::vector<double> echo_us;
  std::vector<double> filter_us;
  for (int i = 0; i < rounds; ++i) {
    echo_us.push_back(time_one(client, echo));
    filter_us.push_back(time_one(client, filter));
  }
  return {summarise(echo_us), summarise(filter_us)};
}

double requests_per_second(Scene& scene, const std::string& path, const std::string& body,
                           int connections, std::chrono::milliseconds during) {
  std::atomic<bool> is_over{false};
  std::atomic<int64_t> done{0};
  std::vector<std::thread> threads;
  const std::string request = TlsClient::request(path, body);
  for (int i = 0; i < connections; ++i) {
    threads.emplace_back([&] {
      TlsClient client(scene.ca(), scene.client());
      if (!client.connect(scene.port())) return;
      while (!is_over) {
        time_one(client, request);
        ++done;
      }
    });
  }
  const auto start = Clock::now();
  std::this_thread::sleep_for(during);
  const int64_t count = done;
  const std::chrono::duration<double> took = Clock::now() - start;
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(count) / took.count();
}

Json measure(bool is_quick) {
  Scene scene;
  Json out;
  std::printf("%8s %10s %10s %10s %10s %9s %9s\n", "names", "echo p50", "filter p50", "echo p99",
              "filter p99", "p50 ratio", "p99 ratio");
  for (const int names : {1, 500, 5000}) {
    const int rounds = (names == 5000 ? 2'000 : 20'000) / (is_quick ? 20 : 1);
    const Compared got = measure_latency(scene, scene.call(names), rounds);
    const double p50 = got.filter.p50_us / got.echo.p50_us;
    const double p99 = got.filter.p99_us / got.echo.p99_us;
    std::printf("%8d %7.0f us %7.0f us %7.0f us %7.0f us %9.2f %9.2f\n", names, got.echo.p50_us,
                got.filter.p50_us, got.echo.p99_us, got.filter.p99_us, p50, p99);
    const std::string at = "extender_filter_" + std::to_string(names) + "_names_";
    out[at + "p50_us"] = got.filter.p50_us;
    out[at + "p99_us"] = got.filter.p99_us;
    out[at + "p99_to_echo"] = p99;
  }
  const std::chrono::milliseconds during(is_quick ? 300 : 5'000);
  const double echo = requests_per_second(scene, "/echo", scene.call(1), 64, during);
  const double filter = requests_per_second(scene, "/filter", scene.call(1), 64, during);
  std::printf("64 connections, 1 name: echo %.0f/s, filter %.0f/s\n", echo, filter);
  out["extender_echo_per_second"] = echo;
  out["extender_filter_per_second"] = filter;
  return out;
}

int run(int argc, char** argv) {
  bool is_quick = false;
  std::string json_file;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--quick") {
      is_quick = true;
    } else if (argument == "--json" && i + 1 < argc) {
      json_file = argv[++i];
    } else {
      std::cerr << "usage: extender_bench [--quick] [--json FILE]\n";
      return 2;
    }
  }
  const Json figures = measure(is_quick);
  if (!json_file.empty()) std::ofstream(json_file) << figures.dump(2) << "\n";
  return is_quick ? 0 : check_budgets("bench/budgets.yaml", figures, std::cout);
}

}  // namespace
}  // namespace berth::bench

int main(int argc, char** argv) { return berth::bench::run(argc, argv); }
