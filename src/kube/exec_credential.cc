#include "kube/exec_credential.h"

#include <nlohmann/json.hpp>

#include "json/time.h"
#include "kube/base64.h"

namespace berth::kube {

namespace {

// status.`name` as text; absent is empty.
Result<std::string> optional_text(const nlohmann::json& status, const char* name) {
  const auto value = status.find(name);
  if (value == status.end() || value->is_null()) return std::string{};
  if (!value->is_string())
    return Error{Code::Unauthorized, std::string("status.") + name + ": want text"};
  return value->get<std::string>();
}

Result<ExecCredential> read_status(const nlohmann::json& status) {
  ExecCredential credential;
  credential.token = BERTH_TRY(optional_text(status, "token"));
  credential.certificate = BERTH_TRY(optional_text(status, "clientCertificateData"));
  credential.key = BERTH_TRY(optional_text(status, "clientKeyData"));
  const std::string expires = BERTH_TRY(optional_text(status, "expirationTimestamp"));
  if (!expires.empty()) credential.expires = BERTH_TRY(parse_time(expires));
  if (credential.certificate.empty() != credential.key.empty())
    return Error{Code::Unauthorized, "status: clientCertificateData and clientKeyData go together"};
  if (credential.token.empty() && credential.certificate.empty())
    return Error{Code::Unauthorized, "status: neither a token nor a client certificate"};
  return credential;
}

}  // namespace

std::string exec_info(const ExecPlugin& plugin, const ClusterEntry& cluster, std::string_view ca) {
  nlohmann::json info = {{"apiVersion", plugin.api_version},
                         {"kind", "ExecCredential"},
                         {"spec", {{"interactive", false}}}};
  if (plugin.wants_cluster) {
    nlohmann::json& told = info["spec"]["cluster"];
    told["server"] = cluster.server;
    if (!cluster.tls_server_name.empty()) told["tls-server-name"] = cluster.tls_server_name;
    if (!ca.empty()) told["certificate-authority-data"] = encode_base64(ca);
  }
  return info.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<ExecCredential> parse_exec_credential(const ExecPlugin& plugin, std::string_view output) {
  const auto refuse = [&](const std::string& what) {
    return Error{Code::Unauthorized, "credential plugin '" + plugin.command + "': " + what};
  };
  const auto document = nlohmann::json::parse(output, nullptr, false);
  if (!document.is_object()) return refuse("its output is not a JSON object");
  if (const auto kind = document.find("kind"); kind == document.end() || *kind != "ExecCredential")
    return refuse("its output is not an ExecCredential");
  if (const auto version = document.find("apiVersion");
      version == document.end() || *version != plugin.api_version)
    return refuse("apiVersion: want " + plugin.api_version);
  const auto status = document.find("status");
  if (status == document.end() || !status->is_object()) return refuse("status: missing");
  auto credential = read_status(*status);
  if (!credential) return refuse(credential.error().message);
  return credential;
}

}  // namespace berth::kube
