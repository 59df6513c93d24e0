#pragma once
#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "json/json_fwd.h"
#include "kube/config.h"
#include "kube/credentials.h"
#include "kube/transport.h"

namespace berth::kube {

struct CurlOptions {
  std::string user_agent = "berth";
  PluginRunner run_plugin;             // none: a kubeconfig with an exec plugin is an error
  size_t max_in_flight = 64;           // exchanges at a time; more wait in line. Not streams
  double requests_per_second = 0;      // 0: as fast as asked; else with bursts of `burst`
  double burst = 0;                    // at least 1 is used
  size_t max_body_bytes = 64UL << 20;  // of a reply; a longer one fails as Invalid
  size_t max_line_bytes = 4UL << 20;   // of a stream; a longer one ends it as Invalid
  Millis connect_timeout{5'000};
  Millis most_silence{2'000};  // of a connection that was asked, before later exchanges avoid it
};

// The Transport over libcurl: HTTP/2 where the server has it, one connection for all exchanges and
// streams, certificates always verified, nothing but the one server ever asked.
//
// Everything happens inside poll(), on the thread that calls it; only wake() may be called from
// elsewhere. Replies and lines are delivered from poll(), never from send(), open() or close(), so
// callbacks may call all three. Destroying the transport drops what is open without a callback.
//
// A silent connection: an exchange that gets no answer in its timeout ends as Timeout, and when the
// connection brought nothing for anybody meanwhile, nor for so long as `most_silence` since it was
// first asked, later exchanges go over a new one. The streams of the old one stay there until they
// end.
class CurlTransport final : public Transport {
 public:
  CurlTransport(Config config, const Clock& clock, CurlOptions options = {});
  ~CurlTransport() override;

  void send(Request request, Reply reply) override;
  StreamId open(Request request, StreamSink sink) override;
  void close(StreamId id) override;

  // Moves everything on: waits until something happened, at most `max_wait`, then delivers it.
  void poll(Millis max_wait);
  // Makes the current or the next poll() return at once. From any thread or signal handler.
  void wake();
  // For signal handlers: writing eight bytes here is wake().
  int wake_fd() const;

  // Exchanges and streams that have not ended.
  size_t open_count() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

// Sends and polls until the reply is here. For tools and tests, whose loop has nothing else to do.
Result<Json> call(CurlTransport& transport, Request request);

}  // namespace berth::kube
