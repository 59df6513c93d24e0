#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/program.h"
#include "host/cpu_time.h"
#include "host/env.h"
#include "host/memory.h"
#include "host/process.h"
#include "host/real_clock.h"
#include "kube/config.h"
#include "kube/curl_transport.h"

// The parts list of kubectl-berth.
namespace berth::cli {
namespace {

Result<std::string> run_plugin(const std::vector<std::string>& command,
                               const std::vector<std::pair<std::string, std::string>>& env) {
  return host::run_program({.command = command, .env = env});
}

struct Line {
  host::RealClock clock;
  kube::CurlTransport transport;

  explicit Line(kube::Config config)
      : transport(std::move(config), clock,
                  {.user_agent = "kubectl-berth/" BERTH_VERSION, .run_plugin = run_plugin}) {}
};

Result<Connection> connect(const ClusterFlags& flags) {
  const kube::ConfigSources sources{
      .kubeconfig = flags.kubeconfig,
      .context = flags.context,
      .kubeconfig_list = host::env_or_empty("KUBECONFIG"),
      .service_host = host::env_or_empty("KUBERNETES_SERVICE_HOST"),
      .service_port = host::env_or_empty("KUBERNETES_SERVICE_PORT"),
      .home = host::env_or_empty("HOME"),
  };
  kube::Config config = BERTH_TRY(kube::load_config(sources));
  Connection connection{
      .name_space = flags.name_space.empty() ? config.name_space : flags.name_space,
      .send = {},
      .timeout = std::chrono::seconds(flags.timeout_seconds)};
  const auto line = std::make_shared<Line>(std::move(config));
  connection.send = [line](const kube::Request& request) {
    std::optional<Result<kube::Response>> response;
    line->transport.send(request, [&](Result<kube::Response> got) { response = std::move(got); });
    while (!response) line->transport.poll(Millis{1'000});  // ends by the request's own deadline
    return *std::move(response);
  };
  return connection;
}

}  // namespace
}  // namespace berth::cli

int main(int argc, char** argv) {
  const berth::host::RealClock clock;
  const berth::cli::Surroundings around{.out = std::cout,
                                        .err = std::cerr,
                                        .is_err_terminal = isatty(STDERR_FILENO) == 1,
                                        .cpu_time = berth::host::cpu_time,
                                        .now = [&clock] { return clock.now(); },
                                        .connect = berth::cli::connect,
                                        .resident_bytes = berth::host::resident_bytes};
  return berth::cli::run_program(argc, argv, around);
}
