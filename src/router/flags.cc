#include "router/flags.h"

#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <optional>

namespace berth::router {
namespace {

constexpr const char* kAbout =
    "Passes requests of the Open Inference Protocol, REST and gRPC, to the replicas of the\n"
    "InferenceEndpoints of one namespace, and holds them while an endpoint wakes.";
constexpr const char* kExamples =
    "Examples:\n"
    "  berth-router\n"
    "      in a pod: the endpoints of its own namespace\n"
    "  berth-router --namespace risk --kubeconfig ~/.kube/config --address 127.0.0.1\n"
    "  berth-router --replica digits=127.0.0.1:8080,8081 --rest-port 9000 --grpc-port 9001\n"
    "      without a cluster\n"
    "\n"
    "A request names its endpoint by the path /v2/models/NAME, the header berth-endpoint, the "
    "host\n"
    "NAME.NAMESPACE, or over gRPC by model_name. SIGTERM: not ready at once, answers for\n"
    "--drain-seconds more, finishes what it has, then ends; a second one ends it at once.";

constexpr auto kPositive = [] { return CLI::Range(int64_t{1}, int64_t{1} << 40); };

void add_cluster(CLI::App& app, Flags& flags) {
  app.add_option("--namespace", flags.name_space,
                 "Namespace whose endpoints are served; default: the service account's");
  app.add_option("--kubeconfig", flags.kubeconfig,
                 "Kubeconfig file; without it the pod's own account, then $KUBECONFIG");
  app.add_option("--context", flags.context, "Context of the kubeconfig");
  app.add_option("--replica-rest-port", flags.replica_rest_port, "REST port of the replicas")
      ->capture_default_str();
  app.add_option("--replica-grpc-port", flags.replica_grpc_port, "gRPC port of the replicas")
      ->capture_default_str();
  app.add_option("--replica", flags.replicas,
                 "NAME=ADDRESS:PORT[,GRPCPORT], may be repeated: serves these and asks no cluster");
}

void add_listening(CLI::App& app, Flags& flags) {
  app.add_option("--address", flags.address, "Numeric address to listen on")->capture_default_str();
  app.add_option("--rest-port", flags.rest_port, "Port of REST; 0: any free one")
      ->capture_default_str();
  app.add_option("--grpc-port", flags.grpc_port, "Port of gRPC, HTTP/2 without TLS")
      ->capture_default_str();
  app.add_option("--status-listen", flags.status_listen,
                 "ADDRESS:PORT of /healthz, /readyz and /metrics, plain HTTP")
      ->capture_default_str();
}

void add_limits(CLI::App& app, Flags& flags) {
  app.add_option("--threads", flags.threads, "Threads that pass data; 0: one per core, at most 4")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  app.add_option("--max-request-bytes", flags.max_request_bytes,
                 "Longest body of a request; longer ones are refused with 413")
      ->check(kPositive())
      ->capture_default_str();
  app.add_option("--max-held-bytes", flags.max_held_bytes,
                 "Bodies of all unanswered requests together; more are refused with 503")
      ->check(kPositive())
      ->capture_default_str();
  app.add_option("--hold-seconds", flags.hold_seconds,
                 "Longest wait of a request for a replica to be ready")
      ->check(CLI::Range(1, 86'400))
      ->capture_default_str();
  app.add_option("--drain-seconds", flags.drain_seconds,
                 "Time after SIGTERM in which it still answers; longer than load balancers take "
                 "to notice")
      ->check(CLI::Range(0, 3'600))
      ->capture_default_str();
  app.add_option("--log-level", flags.log_level, "info, warn or error")->capture_default_str();
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  return is_whole ? std::optional(port) : std::nullopt;
}

bool is_numeric(const std::string& address) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(AF_INET, address.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
}

}  // namespace

Result<Flags> read_flags(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app{kAbout, "berth-router"};
  app.footer(kExamples);
  app.set_version_flag("--version", "berth-router " BERTH_VERSION);
  add_cluster(app, flags);
  add_listening(app, flags);
  add_limits(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return Error{Code::Invalid, error.what()};
    app.exit(error);
    flags.is_done = true;
  }
  return flags;
}

Result<RouteTable> static_table(const std::vector<std::string>& replicas) {
  RouteTable table;
  for (const std::string& text : replicas) {
    const std::string_view view = text;
    const size_t equals = view.find('=');
    const size_t colon = view.rfind(':');
    const size_t comma = std::min(view.find(','), view.size());
    const Error malformed{Code::Invalid,
                          "--replica: '" + text + "' is not NAME=ADDRESS:PORT[,GRPCPORT]"};
    if (equals == 0 || equals == std::string_view::npos || colon == std::string_view::npos ||
        colon <= equals + 1 || comma < colon) {
      return malformed;
    }
    const auto rest = parse_port(view.substr(colon + 1, comma - colon - 1));
    const auto grpc = comma == view.size() ? rest : parse_port(view.substr(comma + 1));
    if (!rest || !grpc) return malformed;
    const std::string address(view.substr(equals + 1, colon - equals - 1));
    if (!is_numeric(address)) {
      return Error{Code::Invalid, "--replica: '" + address + "' is no numeric address"};
    }
    Endpoint& endpoint = table.endpoints[std::string(view.substr(0, equals))];
    endpoint.name = view.substr(0, equals);
    endpoint.timeout = Millis{60'000};
    endpoint.replicas.push_back(
        {.id = text, .address = address, .rest_port = *rest, .grpc_port = *grpc});
  }
  return table;
}

}  // namespace berth::router
