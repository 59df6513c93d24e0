#pragma once
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "router/comparison.h"
#include "router/proxy/call.h"
#include "router/proxy/loop.h"

namespace berth::router {

// Both answers to a mirrored request. Counts what became of it when it goes, so every one is
// counted once, whatever happens.
struct MirroredAnswers {
  MirroredAnswers(Shared& all, Protocol spoken, std::shared_ptr<EndpointState> of);
  ~MirroredAnswers();
  MirroredAnswers(const MirroredAnswers&) = delete;
  MirroredAnswers& operator=(const MirroredAnswers&) = delete;

  Shared& shared;
  const Protocol protocol;
  const std::shared_ptr<EndpointState> state;
  http::BodyRoom room;  // what it holds of ProxyLimits::mirrored_bytes_max
  WholeAnswer given;
  WholeAnswer shadow;
  ShadowOutcome outcome = ShadowOutcome::Skipped;
};

// A request that a stable replica answers and the candidate too: keeps the answer while the client
// gets it, and sends the request to a candidate once the client has all of it. So no client waits
// for a candidate; what it costs is bounded in number and bytes, and it is compared on a thread of
// its own. A candidate gets it once, and for as long as the endpoint gives a request. One loop
// thread.
class Mirror final : public AnswerSink, public std::enable_shared_from_this<Mirror> {
 public:
  // Null when the draw or the request is against it, or as many are mirrored as may be.
  static std::shared_ptr<Mirror> draw(Loop& loop, const Call& call, const std::string& endpoint,
                                      const std::shared_ptr<EndpointState>& state);
  Mirror(Loop& loop, Call call, std::string endpoint, std::shared_ptr<MirroredAnswers> answers);

  void keep(const Part& part);  // of what the client gets
  void send(int code);          // once it has got it
  void drop();

  void on_part(Part part) override;
  void on_broken(Broken how, std::string_view why) override;

 private:
  void take(const Part& part, WholeAnswer& answer);
  void arm(Moment deadline);
  void end(Outcome outcome);

  Loop& loop_;
  Call call_;
  const std::string endpoint_;
  std::shared_ptr<MirroredAnswers> answers_;  // null once they hold more than they may, or are sent
  std::shared_ptr<EndpointState> state_;      // null until it is sent
  std::shared_ptr<Attempt> attempt_;
  std::string replica_;
  boost::asio::steady_timer timer_;
};

// Whether a call asks the model: nothing else is worth a second answer.
bool is_inference(const Call& call);

}  // namespace berth::router
