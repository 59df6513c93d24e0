#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "http/metrics.h"
#include "json/json_fwd.h"
#include "kube/transport.h"
#include "operator/extender/caches.h"
#include "operator/extender/shared_view.h"
#include "operator/extender/verbs.h"

namespace berth::extender {

// What the verbs cannot do as functions: read live what the view does not know, and bind. All of it
// ends within kube-scheduler's httpTimeout of 5 s. Loop thread.
//
// Flow of a bind: check on the view (reading live at most the owner and the pod, once each), note
// the pod as bound in the view, POST the Binding with the pod's UID.
//
// Guarantees
// - A pod is bound only to the node that its check allowed, and only the very pod (UID).
// - A repeat after a lost reply succeeds: when the API server says that the pod is bound already or
//   does not answer, the pod itself is read, and its node decides.
// - While a Binding may have been accepted, the view counts its devices on that node.
class Binder {
 public:
  using Done = std::function<void(std::string error)>;  // empty: it is bound
  using FilterDone = std::function<void(const FilterResult&)>;
  using Then = std::function<void(std::string error)>;  // empty too when there is no such object

  Binder(kube::Transport& transport, Caches& caches, SharedView& view, http::Metrics& metrics,
         Log& log)
      : transport_(transport), caches_(caches), view_(view), metrics_(metrics), log_(log) {}

  // `done` is called exactly once, later, unless the transport goes first.
  void bind(BindingArgs args, Done done);
  // Reads the owner that a filter() asked for, then `then`.
  void read(const ReadOwner& what, Then then);

 private:
  struct Bind {
    BindingArgs args;
    Done done;
    Reads reads;
    std::string read_error;  // of the last live read, unless it only found nothing
    PodFacts pod;            // as checked
  };
  using Call = std::shared_ptr<Bind>;

  void check(const Call& call);
  void read(const ReadPod& what, Then then);
  void live(const kube::Request& request, const char* kind, std::function<void(const Json&)> learn,
            Then then);
  void send(const Call& call);
  void verify(const Call& call, const std::string& error);
  void refuse(const Call& call, std::string error);

  kube::Transport& transport_;
  Caches& caches_;
  SharedView& view_;
  http::Metrics& metrics_;
  Log& log_;
};

}  // namespace berth::extender
