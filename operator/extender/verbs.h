#pragma once
#include <string>
#include <string_view>
#include <variant>

#include "operator/extender/view.h"
#include "operator/extender/wire.h"

// The verbs as functions of a call and a View: no clock, no I/O, nothing reserved. The same call on
// the same view gives the same bytes. What they cannot answer from the view they ask to have read,
// once; after that an unknown is an error, which kube-scheduler retries. Never a wrong yes.
//
//  pod                                         /filter answers, /bind checks
//  of a GpuJob                                 the node of its worker in the current attempt
//  foreign, accelerators, namespace has Quota  the node of its pin, which admission put there
//  foreign, accelerators, no Quota             the tightest node with devices that nobody holds
//  any other                                   every node: not Berth's business
namespace berth::extender {

// Reasons for a node, the only texts that /filter puts into pod conditions and events.
inline constexpr std::string_view kPlannedElsewhere = "planned on another node";
inline constexpr std::string_view kNotAdmitted = "pod not admitted by Berth";
inline constexpr std::string_view kDevicesHeld = "devices held for other work";

// Most nodes of which a refusal says why. kube-scheduler counts reasons; a sample says as much.
inline constexpr size_t kReasonsMax = 16;

// What to read live before the same question is asked again.
struct ReadOwner {
  std::string name_space;
  BerthOwner owner;
  bool operator==(const ReadOwner&) const = default;
};
struct ReadPod {
  std::string name_space;
  std::string name;
  bool operator==(const ReadPod&) const = default;
};

// Which of them have been read for this call already.
struct Reads {
  bool owner = false;
  bool pod = false;
};

using FilterAnswer = std::variant<FilterResult, ReadOwner>;
FilterAnswer filter(const FilterArgs& args, const View& view, Reads done = {});

struct Refused {
  std::string error;
  bool operator==(const Refused&) const = default;
};
// The pod as it was checked: its Binding may be sent.
struct Bindable {
  PodFacts pod;
  bool operator==(const Bindable&) const = default;
};
using BindAnswer = std::variant<Bindable, Refused, ReadOwner, ReadPod>;
BindAnswer bind(const BindingArgs& args, const View& view, Reads done = {});

}  // namespace berth::extender
