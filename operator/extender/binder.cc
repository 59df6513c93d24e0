#include "operator/extender/binder.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "kube/reply.h"
#include "kube/request.h"
#include "kube/resource.h"
#include "translate/read_json.h"

namespace berth::extender {
namespace {

// Together below 5 s: two live reads, the Binding, and the look at what became of it.
constexpr Millis kLiveRead{200};
constexpr Millis kBinding{3'000};
constexpr Millis kVerify{1'000};

// Whether the server has surely not bound the pod: it said no, for a reason other than that the
// pod is bound already.
bool is_refusal(const Error& error) {
  switch (error.code) {
    case Code::NotFound:
    case Code::Invalid:
    case Code::Unauthorized:
    case Code::Forbidden: return true;
    case Code::AlreadyExists:
    case Code::Conflict:
    case Code::Unavailable:
    case Code::Timeout:
    case Code::Expired:
    case Code::Internal: return false;
  }
  __builtin_unreachable();
}

kube::Request read_request(const kube::Resource& resource, const std::string& name_space,
                           const std::string& name, Millis timeout) {
  kube::Request request = kube::get(resource, name_space, name);
  request.timeout = timeout;
  return request;
}

}  // namespace

void Binder::bind(BindingArgs args, Done done) {
  check(std::make_shared<Bind>(Bind{std::move(args), std::move(done), {}, {}}));
}

void Binder::check(const Call& call) {
  // Check and commit under one lock, so that two pods cannot be given the same last device.
  BindAnswer answer = view_.write([&](View& view) {
    BindAnswer checked = extender::bind(call->args, view, call->reads);
    if (const auto* bindable = std::get_if<Bindable>(&checked)) {
      view.commit(bindable->pod, call->args.node);
    }
    return checked;
  });
  if (auto* bindable = std::get_if<Bindable>(&answer)) {
    call->pod = std::move(bindable->pod);
    return send(call);
  }
  if (auto* refused = std::get_if<Refused>(&answer)) {
    // What could not be read may be there all the same: say so before anybody looks for the pod.
    if (!call->read_error.empty()) refused->error += " (" + call->read_error + ")";
    return refuse(call, refused->error);
  }
  const auto again = [this, call](std::string read_error) {
    call->read_error = std::move(read_error);
    check(call);
  };
  if (const auto* owner = std::get_if<ReadOwner>(&answer)) {
    call->reads.owner = true;
    return read(*owner, again);
  }
  call->reads.pod = true;
  read(std::get<ReadPod>(answer), again);
}

void Binder::read(const ReadOwner& what, Then then) {
  live(
      read_request(kube::kGpuJobs, what.name_space, what.owner.name, kLiveRead), "workload",
      [this](const Json& workload) { caches_.learn_workload(workload); }, std::move(then));
}

void Binder::read(const ReadPod& what, Then then) {
  live(
      read_request(kube::kPods, what.name_space, what.name, kLiveRead), "pod",
      [this](const Json& pod) { caches_.learn_pod(pod); }, std::move(then));
}

void Binder::live(const kube::Request& request, const char* kind,
                  std::function<void(const Json&)> learn, Then then) {
  transport_.send(request, [this, request, kind, learn = std::move(learn),
                            then = std::move(then)](Result<kube::Response> response) {
    const auto object = kube::parse_reply(request, std::move(response));
    if (object.ok()) learn(*object);
    const bool is_missing = !object.ok() && object.error().code == Code::NotFound;
    metrics_.add("berth_extender_lookups_total",
                 {kind, object.ok() ? "found" : (is_missing ? "missing" : "error")});
    then(object.ok() || is_missing ? "" : object.error().message);
  });
}

void Binder::send(const Call& call) {
  const BindingArgs& args = call->args;
  kube::Request request =
      kube::bind_pod(args.pod_namespace, args.pod_name, args.pod_uid, args.node);
  request.timeout = kBinding;
  transport_.send(request, [this, call, request](Result<kube::Response> response) {
    const auto bound = kube::parse_reply(request, std::move(response));
    if (bound.ok()) return call->done({});
    if (!is_refusal(bound.error())) return verify(call, bound.error().message);
    view_.write([&](View& view) { view.take_back(call->pod); });
    refuse(call, bound.error().message);
  });
}

// The Binding was not confirmed. The pod says what is true; when it cannot be read either, its
// devices stay counted on the node until the watch says otherwise.
void Binder::verify(const Call& call, const std::string& error) {
  const BindingArgs& args = call->args;
  const kube::Request request =
      read_request(kube::kPods, args.pod_namespace, args.pod_name, kVerify);
  transport_.send(request, [this, call, request, error](Result<kube::Response> response) {
    const auto pod = kube::parse_reply(request, std::move(response));
    if (!pod.ok() && pod.error().code != Code::NotFound) return refuse(call, error);
    const Json& json = pod.ok() ? *pod : Json();
    const bool is_same =
        translate::text_at(translate::object_at(json, "metadata"), "uid") == call->args.pod_uid;
    const std::string node = translate::text_at(translate::object_at(json, "spec"), "nodeName");
    if (is_same && node == call->args.node) return call->done({});
    view_.write([&](View& view) { view.take_back(call->pod); });
    if (is_same) caches_.learn_pod(json);
    refuse(call, error);
  });
}

void Binder::refuse(const Call& call, std::string error) {
  log_.warn("bind refused", {{"namespace", call->args.pod_namespace},
                             {"pod", call->args.pod_name},
                             {"node", call->args.node},
                             {"error", error}});
  call->done(std::move(error));
}

}  // namespace berth::extender
