#include "operator/extender/flags.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "operator/extender/pod_facts.h"
#include "translate/accelerators.h"

namespace berth::extender {
namespace {

constexpr const char* kAbout =
    "Verifies and commits placements for kube-scheduler: the scheduler extender of Berth.";
constexpr const char* kExamples =
    "Examples:\n"
    "  berth-extender certs --dir /run/berth/tls\n"
    "  berth-extender serve --tls-cert /run/berth/tls/server.crt \\\n"
    "      --tls-key /run/berth/tls/server.key --client-ca /run/berth/tls/ca.crt\n"
    "\n"
    "kube-scheduler's side: urlPrefix https://127.0.0.1:9443, filterVerb filter, bindVerb bind,\n"
    "nodeCacheCapable true, with client.crt, client.key and ca.crt of the same folder.";

void add_certs(CLI::App& app, Flags& flags) {
  CLI::App* certs = app.add_subcommand(
      "certs", "Write a CA and the pairs for mutual TLS with kube-scheduler; keeps what is good");
  certs->add_option("--dir", flags.dir, "Folder for ca, server and client .crt and .key files")
      ->required();
  certs->callback([&flags] { flags.command = Command::Certs; });
}

void add_tls_options(CLI::App& serve, Flags& flags) {
  serve.add_option("--listen", flags.listen, "ADDRESS:PORT of the verbs, HTTPS")
      ->capture_default_str();
  serve.add_option("--tls-cert", flags.tls_cert, "Certificate to serve with, PEM")->required();
  serve.add_option("--tls-key", flags.tls_key, "Its key, PEM")->required();
  serve.add_option("--client-ca", flags.client_ca,
                   "CA of the callers' certificates, PEM; may be left out on loopback only");
  serve
      .add_option("--client-name", flags.client_name,
                  "Common name that a caller's certificate must have; empty: any of that CA")
      ->capture_default_str();
  serve
      .add_option("--health-listen", flags.health_listen,
                  "ADDRESS:PORT of /healthz, /readyz and /metrics, plain HTTP")
      ->capture_default_str();
}

void add_serve(CLI::App& app, Flags& flags) {
  CLI::App* serve = app.add_subcommand("serve", "Serve /filter and /bind");
  add_tls_options(*serve, flags);
  serve->add_option("--kubeconfig", flags.kubeconfig,
                    "Kubeconfig file; without it the pod's own account, then $KUBECONFIG");
  serve->add_option("--context", flags.context, "Context of the kubeconfig");
  serve->add_option("--bind", flags.bind, "Whether /bind is served: true or false")
      ->capture_default_str();
  serve
      ->add_option("--accelerator-resources", flags.accelerator_resources,
                   "Extended resources that are accelerators, by comma, at most 8; default: the "
                   "well-known ones")
      ->delimiter(',');
  serve->add_option("--log-level", flags.log_level, "info, warn or error")->capture_default_str();
  serve->callback([&flags] { flags.command = Command::Serve; });
}

Status check(Flags& flags) {
  auto& resources = flags.accelerator_resources;
  if (resources.empty()) resources = translate::well_known_accelerators().resources;
  if (resources.size() > kAcceleratorsMax) {
    return Error{Code::Invalid, "--accelerator-resources: at most " +
                                    std::to_string(kAcceleratorsMax) + " are supported"};
  }
  return Done{};
}

}  // namespace

Result<Flags> read_flags(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app{kAbout, "berth-extender"};
  app.footer(kExamples);
  app.set_version_flag("--version", "berth-extender " BERTH_VERSION);
  app.require_subcommand(1);
  add_certs(app, flags);
  add_serve(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return Error{Code::Invalid, error.what()};
    app.exit(error);
    flags.command = Command::None;
    return flags;
  }
  BERTH_TRY(check(flags));
  return flags;
}

Result<ListenAddress> parse_listen(const std::string& text) {
  const Error malformed{Code::Invalid, "--listen: '" + text + "' is not ADDRESS:PORT"};
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return malformed;
  ListenAddress listen{text.substr(0, colon), 0};
  const char* const end = text.data() + text.size();
  const auto port = std::from_chars(text.data() + colon + 1, end, listen.port);
  if (port.ec != std::errc() || port.ptr != end) return malformed;
  if (listen.address.size() > 2 && listen.address.front() == '[' && listen.address.back() == ']') {
    listen.address = listen.address.substr(1, listen.address.size() - 2);
  }
  return listen;
}

}  // namespace berth::extender
