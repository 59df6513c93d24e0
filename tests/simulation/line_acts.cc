#include "tests/simulation/simulation.h"

// What goes wrong between an operator and the API server.
namespace berth::simulation {
namespace {

using kube::fake::FakeTransport;
using kube::fake::Fault;
using std::chrono::seconds;

void hit(FakeTransport& line, const Act& act, Fault fault, bool only_writes = false) {
  line.inject({.matches =
                   [only_writes](const kube::Request& request) {
                     return !only_writes || request.method != kube::Method::Get;
                   },
               .fault = std::move(fault),
               .skip = static_cast<int>(act.draws[1] % 8),
               .times = static_cast<int>(1 + act.draws[2] % 4)});
}

void hit_operator(Simulation& s, const Act& act, Fault fault, bool only_writes = false) {
  if (auto* process = s.running(act.draws[0])) {
    hit(*process->transport, act, std::move(fault), only_writes);
  }
}

void refused(Simulation& s, const Act& act) { hit_operator(s, act, Fault::refused()); }
void lost_reply(Simulation& s, const Act& act) { hit_operator(s, act, Fault::lost_reply(), true); }
void conflict(Simulation& s, const Act& act) { hit_operator(s, act, Fault::status(409), true); }
void too_many(Simulation& s, const Act& act) {
  hit_operator(s, act, Fault::status(429, seconds(1 + act.draws[2] % 3)));
}
void server_error(Simulation& s, const Act& act) { hit_operator(s, act, Fault::status(500)); }
void unavailable(Simulation& s, const Act& act) { hit_operator(s, act, Fault::status(503)); }
void forbidden(Simulation& s, const Act& act) { hit_operator(s, act, Fault::status(403), true); }
void slow(Simulation& s, const Act& act) {
  hit_operator(s, act, Fault::slow(Millis{100 + act.draws[2] % 9'000}));
}

// Half of an answer arrived, and it looked like the whole.
void half_answer(Simulation& s, const Act& act) {
  Fault fault;
  fault.answer = kube::Response{200, std::nullopt, R"({"kind":"Status","metadata":{"na)"};
  hit_operator(s, act, fault);
}

void cut_streams(Simulation& s, const Act& act) {
  if (auto* process = s.running(act.draws[0])) {
    process->transport->cut_streams(Error{Code::Unavailable, "connection reset"});
  }
}

// Old caches: nothing arrives for a while, and nothing is lost.
void stalled_streams(Simulation& s, const Act& act) {
  auto* process = s.running(act.draws[0]);
  if (process == nullptr) return;
  process->transport->stall_streams(true);
  s.later(Millis{act.draws[1] % 10'000}, [process] {
    if (process->runs()) process->transport->stall_streams(false);
  });
}

// Events that arrive twice, for a while.
void repeated_events(Simulation& s, const Act& act) {
  auto* process = s.running(act.draws[0]);
  if (process == nullptr) return;
  process->transport->on_line([](const auto&, auto) { return kube::fake::LineFate::Twice; });
  s.later(Millis{act.draws[1] % 10'000}, [process] {
    if (process->runs()) process->transport->on_line({});
  });
}

// A line is lost and the stream with it, as when a proxy in between gives up.
void lost_event(Simulation& s, const Act& act) {
  auto* process = s.running(act.draws[0]);
  if (process == nullptr) return;
  process->transport->on_line([](const auto&, auto) { return kube::fake::LineFate::Drop; });
  s.later(Millis{act.draws[1] % 3'000}, [process] {
    if (!process->runs()) return;
    process->transport->on_line({});
    process->transport->cut_streams(Error{Code::Expired, "too old resource version"});
  });
}

void bookmarks(Simulation& s, const Act& act) {
  if (auto* process = s.running(act.draws[0])) process->transport->send_bookmarks();
}

void hit_extender(Simulation& s, const Act& act, Fault fault) {
  hit(s.scheduler().line(), act, std::move(fault));
}

void extender_lost_reply(Simulation& s, const Act& act) {
  hit_extender(s, act, Fault::lost_reply());
}
void extender_refused(Simulation& s, const Act& act) { hit_extender(s, act, Fault::refused()); }
void extender_conflict(Simulation& s, const Act& act) { hit_extender(s, act, Fault::status(409)); }
void extender_slow(Simulation& s, const Act& act) {
  hit_extender(s, act, Fault::slow(Millis{100 + act.draws[2] % 9'000}));
}
void extender_stalled(Simulation& s, const Act& act) {
  s.scheduler().line().stall_streams(true);
  s.later(Millis{act.draws[1] % 10'000}, [&s] { s.scheduler().line().stall_streams(false); });
}
void extender_cut(Simulation& s, const Act&) {
  s.scheduler().line().cut_streams(Error{Code::Unavailable, "connection reset"});
}

}  // namespace

std::vector<ActKind> line_acts() {
  return {{"refused", true, 2, refused},
          {"lost_reply", true, 4, lost_reply},
          {"conflict", true, 2, conflict},
          {"too_many_requests", true, 2, too_many},
          {"server_error", true, 1, server_error},
          {"unavailable", true, 1, unavailable},
          {"forbidden", true, 1, forbidden},
          {"slow_answer", true, 2, slow},
          {"half_answer", true, 1, half_answer},
          {"cut_streams", true, 2, cut_streams},
          {"stalled_streams", true, 4, stalled_streams},
          {"repeated_events", true, 1, repeated_events},
          {"lost_event", true, 1, lost_event},
          {"bookmarks", true, 1, bookmarks},
          {"extender_lost_reply", true, 2, extender_lost_reply},
          {"extender_refused", true, 1, extender_refused},
          {"extender_conflict", true, 1, extender_conflict},
          {"extender_slow", true, 1, extender_slow},
          {"extender_stalled", true, 2, extender_stalled},
          {"extender_cut", true, 1, extender_cut}};
}

}  // namespace berth::simulation
