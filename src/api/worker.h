#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/common.h"
#include "json/enum_names.h"

namespace berth::api {

struct EnvVar {
  std::string name;
  std::string value;

  template <class V>
  static void describe(V& v) {
    v.field("name", &EnvVar::name,
            {.required = true,
             .min_length = 1,
             .max_length = 253,
             .pattern = "^[A-Za-z_][A-Za-z0-9_]*$"},
            "Name of the variable.");
    v.field("value", &EnvVar::value, {.defaulted = true, .max_length = 32768},
            "Value of the variable.");
    v.rule(
        "!self.name.startsWith('BERTH_') && !(self.name in ['RANK', 'WORLD_SIZE', "
        "'MASTER_ADDR', 'MASTER_PORT'])",
        "the name belongs to the worker contract", &EnvVar::is_free, ".name");
  }
  bool operator==(const EnvVar&) const = default;

  // The rendezvous names and everything under BERTH_ are set by Berth.
  static bool is_free(const EnvVar& env) {
    constexpr std::array<std::string_view, 4> kTaken{"RANK", "WORLD_SIZE", "MASTER_ADDR",
                                                     "MASTER_PORT"};
    return !env.name.starts_with("BERTH_") &&
           std::find(kTaken.begin(), kTaken.end(), env.name) == kTaken.end();
  }
};

struct LocalRef {
  std::string name;

  template <class V>
  static void describe(V& v) {
    v.field("name", &LocalRef::name,
            {.required = true, .min_length = 1, .pattern = kDnsNamePattern},
            "Name of the object, in the same namespace.");
  }
  bool operator==(const LocalRef&) const = default;
};

enum class ImagePullPolicy { Always, IfNotPresent, Never };
constexpr auto enum_names(ImagePullPolicy) {
  return std::array<std::string_view, 3>{"Always", "IfNotPresent", "Never"};
}

// What every worker of a job runs.
struct Worker {
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::vector<EnvVar> env;
  std::vector<DeviceAsk> devices;
  WorkerResources resources;
  std::string service_account_name;
  std::optional<ImagePullPolicy> image_pull_policy;
  std::vector<LocalRef> image_pull_secrets;

  template <class V>
  static void describe(V& v) {
    v.field("image", &Worker::image, {.required = true, .min_length = 1, .max_length = 1024},
            "Container image that follows the worker contract.");
    v.field("command", &Worker::command, {.max_length = 4096, .max_items = 128},
            "Entry point; absent means the image's own.");
    v.field("args", &Worker::args, {.max_length = 4096, .max_items = 256},
            "Arguments of the entry point.");
    v.field("env", &Worker::env, {.max_items = 128, .keys = "name"},
            "Environment beside the worker contract's own variables.");
    v.field(
        "devices", &Worker::devices, {.required = true, .min_items = 1, .max_items = 8},
        "Acceptable devices per worker: the first that has room wins, unless speeds are told; then "
        "the one with which the work costs least.");
    v.field("resources", &Worker::resources, {}, "What a worker needs besides devices.");
    v.field("serviceAccountName", &Worker::service_account_name,
            {.min_length = 1, .pattern = kDnsNamePattern},
            "Service account of the pods; absent means the namespace's default.");
    v.field("imagePullPolicy", &Worker::image_pull_policy, {},
            "When the image is pulled; absent means as Kubernetes decides from its tag.");
    v.field("imagePullSecrets", &Worker::image_pull_secrets, {.max_items = 16, .keys = "name"},
            "Secrets with which the image is pulled.");
    v.rule(
        "self.devices.all(d, d.class != 'cpu') || "
        "(self.devices[size(self.devices) - 1].class == 'cpu' && "
        "self.devices.exists_one(d, d.class == 'cpu'))",
        "the class cpu comes last and once", &Worker::has_cpu_last, ".devices");
    v.rule(
        "size(self.devices) == 0 || !has(self.devices[0].speedPercent) || "
        "self.devices[0].speedPercent == 100",
        "speeds are in percent of the first one's, whose own is 100",
        [](const Worker& w) {
          return w.devices.empty() || w.devices.front().speed_percent.value_or(100) == 100;
        },
        ".devices");
    v.rule(
        "self.devices.all(d, d.class != 'cpu') || "
        "(has(self.resources) && has(self.resources.cpu))",
        "a worker that may run on cpu alone has to say how much",
        [](const Worker& w) { return !w.may_use_cpu() || !w.resources.cpu.empty(); }, ".resources");
  }
  bool operator==(const Worker&) const = default;

  bool may_use_cpu() const {
    return std::any_of(devices.begin(), devices.end(), [](const auto& d) { return d.is_cpu(); });
  }
  static bool has_cpu_last(const Worker& worker) {
    const auto& all = worker.devices;
    return std::none_of(all.begin(), all.empty() ? all.end() : all.end() - 1,
                        [](const auto& d) { return d.is_cpu(); });
  }
};

}  // namespace berth::api
