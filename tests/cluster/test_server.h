#pragma once
#include <functional>

#include "host/real_clock.h"
#include "json/json_fwd.h"
#include "kube/curl_transport.h"
#include "kube/transport.h"

namespace berth::cluster {

// The API server that the tests in this folder talk to.
class TestServer {
 public:
  // The one of BERTH_TEST_KUBECONFIG, or nullptr when that is not set.
  static TestServer* get();

  explicit TestServer(kube::Config config);

  // One exchange; waits for its end.
  Result<kube::Response> exchange(kube::Request request);
  // The same, as JSON, for what has to go well.
  Result<Json> call(kube::Request request);

  // Polls until `done`, for twenty seconds at most; whether it came to that.
  bool eventually(const std::function<bool()>& done);

  // For tests with a loop of their own.
  kube::Transport& transport() { return transport_; }
  void poll(Millis max_wait) { transport_.poll(max_wait); }

 private:
  host::RealClock clock_;
  kube::CurlTransport transport_;
};

// Told by main(), before any test runs.
void use_kubeconfig(const std::string& file);

}  // namespace berth::cluster
