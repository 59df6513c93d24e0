#include "http/tls_context.h"
#include "http/x509.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

// Keys are made here, so that none is among the kept inputs.
const http::KeyPair& own_pair() {
  using namespace std::chrono;
  static const http::KeyPair kPair =
      *http::make_authority("fuzz", {sys_days{2020y / 1 / 1}, sys_days{2100y / 1 / 1}}, 1);
  return kPair;
}

}  // namespace

// Two PEM files, parted by a NUL: as the certificate, the key and the CA of a server.
void pem_files(std::string_view input) {
  const std::string first(take_until(input, '\0'));
  const std::string second(input);
  const auto& [certificate, key] = own_pair();
  (void)http::make_identity({.certificate = first, .key = key, .client_ca = second});
  (void)http::make_identity({.certificate = certificate, .key = first, .client_ca = second});
  (void)http::make_identity({.certificate = certificate, .key = key, .client_ca = first});
  (void)http::check_pair({.certificate = first, .key = key}, second);
  (void)http::check_pair({.certificate = first, .key = second}, certificate);
}

}  // namespace berth::fuzz
