// The part of config.h that reads files.
#include <algorithm>

#include "kube/config.h"
#include "kube/files.h"

namespace berth::kube {

namespace {

Result<Kubeconfig> load_one(const std::string& file) {
  const std::string text = BERTH_TRY(read_file(file));
  return parse_kubeconfig(text, file);
}

// Files of a KUBECONFIG list that are not there are skipped, as kubectl does; one must be.
Result<Kubeconfig> load_list(std::string_view list) {
  Kubeconfig merged;
  bool found = false;
  while (!list.empty()) {
    const size_t colon = std::min(list.find(':'), list.size());
    const std::string file(list.substr(0, colon));
    list.remove_prefix(std::min(colon + 1, list.size()));
    if (file.empty()) continue;
    auto one = load_one(file);
    if (!one && one.error().code == Code::NotFound) continue;
    if (!one) return one.error();
    merged = merge(std::move(merged), *one);
    found = true;
  }
  if (!found) return Error{Code::NotFound, "KUBECONFIG: none of its files is there"};
  return merged;
}

Result<Config> in_cluster(const ConfigSources& sources) {
  const bool bare_v6 = sources.service_host.find(':') != std::string::npos;
  const std::string host = bare_v6 ? "[" + sources.service_host + "]" : sources.service_host;
  Config config;
  config.cluster.server = "https://" + host + ":" + sources.service_port;
  config.cluster.ca.file = sources.account_dir + "/ca.crt";
  config.user.token.file = sources.account_dir + "/token";
  // The files are read when first used; asking now gives the error at the start.
  BERTH_TRY(read_file(config.cluster.ca.file));
  BERTH_TRY(read_file(config.user.token.file));
  if (auto name_space = read_file(sources.account_dir + "/namespace"); name_space)
    config.name_space = *name_space;
  return config;
}

}  // namespace

Result<Config> load_config(const ConfigSources& sources) {
  const auto choose = [&](Result<Kubeconfig> kubeconfig) -> Result<Config> {
    if (!kubeconfig) return kubeconfig.error();
    return choose_context(*kubeconfig, sources.context);
  };
  if (!sources.kubeconfig.empty()) return choose(load_one(sources.kubeconfig));
  if (!sources.kubeconfig_list.empty()) return choose(load_list(sources.kubeconfig_list));
  if (!sources.service_host.empty()) return in_cluster(sources);
  auto home = load_one(sources.home + "/.kube/config");
  if (!home && home.error().code == Code::NotFound)
    return Error{Code::NotFound,
                 "no cluster: give --kubeconfig or KUBECONFIG, or run in a pod with a service "
                 "account"};
  return choose(std::move(home));
}

}  // namespace berth::kube
