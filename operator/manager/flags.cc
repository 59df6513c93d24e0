#include "operator/manager/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "host/entropy.h"
#include "host/env.h"
#include "http/metrics.h"

namespace berth::control {
namespace {

constexpr const char* kAbout =
    "Decides who may use which accelerator, where and when: the operator of Berth.";
constexpr const char* kExamples =
    "Examples:\n"
    "  berth-operator --identity \"$HOSTNAME\"                     in a pod, with its own account\n"
    "  berth-operator --kubeconfig ~/.kube/config --identity me   beside a cluster, for trying\n"
    "  berth-operator --metrics-docs > docs/reference/metrics.md";

// What the options write into before it is checked.
struct Raw {
  std::vector<std::string> accelerators;
  std::vector<std::string> exempt;
  std::vector<std::string> router_node_selector;
  std::string gateway;
  std::string log_level = "info";
  int64_t foreign_start_timeout_seconds = 300;
  int64_t progress_interval_seconds = 30;
  int64_t resize_settle_seconds = 600;
  int64_t usage_half_life_seconds = 86'400;
  bool metrics_docs = false;
};

void add_cluster_options(CLI::App& app, Flags& flags) {
  app.add_option("--kubeconfig", flags.sources.kubeconfig,
                 "Kubeconfig file; without it the pod's own account, then $KUBECONFIG");
  app.add_option("--context", flags.sources.context, "Context of the kubeconfig");
  app.add_option("--namespace", flags.settings.name_space, "Namespace of the operator's Lease")
      ->capture_default_str();
  app.add_option(
      "--identity", flags.settings.identity,
      "Who holds the Lease: this pod's name, by which the API server fences writes; needed");
  app.add_option("--lease-name", flags.settings.lease_name, "Lease of the leader election")
      ->capture_default_str();
}

void add_work_options(CLI::App& app, Flags& flags, Raw& raw) {
  app.add_option("--accelerator-resources", raw.accelerators,
                 "Extended resources that are accelerators, by comma; default: the well-known ones")
      ->delimiter(',');
  app.add_option("--exempt-namespaces", raw.exempt,
                 "Namespaces whose pods are counted but never gated, by comma")
      ->delimiter(',');
  app.add_option("--scheduler-name", flags.settings.scheduler_name,
                 "schedulerName of the kube-scheduler that asks berth-extender")
      ->capture_default_str();
  app.add_option("--priority-class", flags.settings.priority_class, "PriorityClass of workers")
      ->capture_default_str();
  app.add_option("--foreign-start-timeout-seconds", raw.foreign_start_timeout_seconds,
                 "Seconds that an admitted foreign pod gets to be ready")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  app.add_option("--resize-settle-seconds", raw.resize_settle_seconds,
                 "Seconds that an elastic gang stays as it is after a start")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  app.add_option("--progress-interval-seconds", raw.progress_interval_seconds,
                 "Seconds between two reads of a job's progress from its workers; 0 never")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  app.add_option("--usage-half-life-seconds", raw.usage_half_life_seconds,
                 "Seconds in which what a tenant held comes to count half in fair shares; 0: it "
                 "does not count")
      ->check(CLI::Range(0, 315'360'000))
      ->capture_default_str();
}

void add_router_options(CLI::App& app, Flags& flags, Raw& raw) {
  RouterSettings& router = flags.settings.router;
  app.add_option("--router-image", router.image,
                 "Image of berth-router, which InferenceEndpoints need; none without it");
  app.add_option("--router-image-pull-policy", router.image_pull_policy, "When it is pulled")
      ->check(CLI::IsMember({"Always", "IfNotPresent", "Never"}))
      ->capture_default_str();
  app.add_option("--router-node-selector", raw.router_node_selector,
                 "Labels of the nodes that they may run on, as LABEL=VALUE, by comma")
      ->delimiter(',');
  app.add_option("--router-replicas", router.replicas, "Routers in each namespace with endpoints")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
}

void add_gateway_options(CLI::App& app, Flags& flags, Raw& raw) {
  GatewaySettings& gateway = flags.settings.gateway;
  app.add_option("--gateway", raw.gateway,
                 "NAMESPACE/NAME of the Gateway that InferenceEndpoints get an HTTPRoute of; none "
                 "without it");
  app.add_option("--gateway-section", gateway.section, "Its listener; default: any");
  app.add_option("--gateway-hostname", gateway.hostname,
                 "Host of an endpoint there, such as {name}.{namespace}.example.com; default: the "
                 "Gateway's own");
  app.add_flag("--gateway-withdrawn", gateway.is_withdrawn,
               "Take away the HTTPRoutes that were written");
}

Status check_gateway(const Raw& raw, GatewaySettings& gateway) {
  if (raw.gateway.empty()) return Done{};
  const size_t slash = raw.gateway.find('/');
  gateway.name_space = raw.gateway.substr(0, slash);
  gateway.name = slash == std::string::npos ? "" : raw.gateway.substr(slash + 1);
  if (gateway.name_space.empty() || gateway.name.empty()) {
    return Error{Code::Invalid, "--gateway: " + raw.gateway + ": want NAMESPACE/NAME"};
  }
  for (const char* part : {"{name}", "{namespace}"}) {
    if (!gateway.hostname.empty() && gateway.hostname.find(part) == std::string::npos) {
      return Error{Code::Invalid, "--gateway-hostname: " + gateway.hostname + ": want " + part +
                                      " in it, so that no two endpoints share a host"};
    }
  }
  return Done{};
}

void add_log_options(CLI::App& app, Flags& flags, Raw& raw) {
  app.add_option("--log-level", raw.log_level, "info, warn or error")->capture_default_str();
  app.add_option("--decision-log", flags.decision_log,
                 "Folder for the decision log, see kubectl-berth replay; none without it");
  app.add_option("--decision-log-file-mib", flags.decision_log_file_mib,
                 "Most MiB that a file of it has")
      ->check(CLI::Range(1, 4'096))
      ->capture_default_str();
  app.add_option("--decision-log-files", flags.decision_log_files,
                 "Files of it that are kept, the one that is written included")
      ->check(CLI::Range(2, 1'000))
      ->capture_default_str();
}

Status check(const Raw& raw, Flags& flags) {
  Settings& settings = flags.settings;
  const auto level = host::parse_log_level(raw.log_level);
  if (!level) return Error{Code::Invalid, "--log-level: " + level.error().message};
  flags.log_level = *level;
  if (settings.identity.empty())
    return Error{Code::Invalid, "--identity: required, for example this pod's name"};
  if (!raw.accelerators.empty()) settings.accelerators.resources = raw.accelerators;
  for (const std::string& resource : settings.accelerators.resources) {
    if (resource.find('/') == std::string::npos) {
      return Error{Code::Invalid, "--accelerator-resources: " + resource +
                                      ": want an extended resource such as nvidia.com/gpu"};
    }
  }
  for (const std::string& label : raw.router_node_selector) {
    const size_t at = label.find('=');
    if (at == std::string::npos || at == 0) {
      return Error{Code::Invalid, "--router-node-selector: " + label + ": want LABEL=VALUE"};
    }
    settings.router.node_selector[label.substr(0, at)] = label.substr(at + 1);
  }
  BERTH_TRY(check_gateway(raw, settings.gateway));
  if (!raw.exempt.empty()) settings.exempt_namespaces = {raw.exempt.begin(), raw.exempt.end()};
  settings.foreign_start_timeout = std::chrono::seconds(raw.foreign_start_timeout_seconds);
  settings.resize_settle = std::chrono::seconds(raw.resize_settle_seconds);
  settings.progress_interval = std::chrono::seconds(raw.progress_interval_seconds);
  settings.usage_half_life = std::chrono::seconds(raw.usage_half_life_seconds);
  settings.seed = host::random_seed();
  return Done{};
}

void read_environment(kube::ConfigSources& sources) {
  sources.kubeconfig_list = host::env_or_empty("KUBECONFIG");
  sources.service_host = host::env_or_empty("KUBERNETES_SERVICE_HOST");
  sources.service_port = host::env_or_empty("KUBERNETES_SERVICE_PORT");
  sources.home = host::env_or_empty("HOME");
}

}  // namespace

Result<Flags> read_flags(int argc, const char* const* argv) {
  Flags flags;
  Raw raw;
  CLI::App app{kAbout, "berth-operator"};
  app.footer(kExamples);
  app.set_version_flag("--version", "berth-operator " BERTH_VERSION);
  add_cluster_options(app, flags);
  add_work_options(app, flags, raw);
  add_router_options(app, flags, raw);
  add_gateway_options(app, flags, raw);
  app.add_option("--listen", flags.listen, "ADDRESS:PORT of /metrics, /healthz and /readyz")
      ->capture_default_str();
  add_log_options(app, flags, raw);
  app.add_flag("--metrics-docs", raw.metrics_docs,
               "Print the documentation of every metric and end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return Error{Code::Invalid, error.what()};
    app.exit(error);
    flags.is_done = true;
    return flags;
  }
  if (raw.metrics_docs) {
    std::cout << http::metrics_markdown();
    flags.is_done = true;
    return flags;
  }
  BERTH_TRY(check(raw, flags));
  read_environment(flags.sources);
  return flags;
}

}  // namespace berth::control
