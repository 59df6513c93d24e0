#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace berth::extender {

enum class Command { None, Certs, Serve };  // None: help or a document was printed

// Everything that berth-extender is told on its command line.
struct Flags {
  Command command = Command::None;

  // certs
  std::string dir;

  // serve
  std::string listen = "127.0.0.1:9443";
  std::string tls_cert;
  std::string tls_key;
  std::string client_ca;
  std::string client_name = "kube-scheduler";
  std::string health_listen = "0.0.0.0:9444";
  std::string kubeconfig;
  std::string context;
  bool bind = true;
  std::vector<std::string> accelerator_resources;
  std::string log_level = "info";
};

// Errors: Invalid, one line that names the flag.
Result<Flags> read_flags(int argc, const char* const* argv);

// "127.0.0.1:9443" or "[::1]:9443".
struct ListenAddress {
  std::string address;
  uint16_t port = 0;
};
Result<ListenAddress> parse_listen(const std::string& text);

}  // namespace berth::extender
