#include "http/tls_context.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/buffer.hpp>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

namespace berth::http {
namespace {

namespace ssl = boost::asio::ssl;

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof()) return Error{Code::Invalid, "cannot read " + path};
  if (text.empty()) return Error{Code::Invalid, path + " is missing or empty"};
  return text;
}

// HTTP/2 before HTTP/1.1: over one connection Go's client sends everything at once, over the other
// it keeps two connections and shakes hands anew for most of what is parallel.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned in_length, void*) {
  static constexpr unsigned char kSpoken[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kSpoken, sizeof(kSpoken) - 1, in, in_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void harden(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  // No resumption: every connection shows its certificate, so a revoked CA ends with its file.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

Result<Instant> leaf_expiry(SSL_CTX* context) {
  X509* leaf = SSL_CTX_get0_certificate(context);
  std::tm utc{};
  if (leaf == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &utc) != 1) {
    return Error{Code::Invalid, "the certificate has no end date"};
  }
  return Instant{std::chrono::seconds{timegm(&utc)}};
}

Status load(ssl::context& context, const TlsMaterial& material) {
  boost::system::error_code error;
  // Or OpenSSL would ask for the password of an encrypted key, on the terminal.
  context.set_password_callback([](size_t, auto) { return std::string(); }, error);
  if (error) return Error{Code::Internal, "set a password: " + error.message()};
  context.use_certificate_chain(boost::asio::buffer(material.certificate), error);
  if (error) return Error{Code::Invalid, "the certificate is no PEM chain: " + error.message()};
  context.use_private_key(boost::asio::buffer(material.key), ssl::context::pem, error);
  // OpenSSL compares the two here already, with a message of its own.
  if (error) return Error{Code::Invalid, "the key is not the certificate's: " + error.message()};
  if (material.client_ca.empty()) return Done{};
  context.add_certificate_authority(boost::asio::buffer(material.client_ca), error);
  if (error) return Error{Code::Invalid, "the client CA is no PEM: " + error.message()};
  context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  if (error) return Error{Code::Internal, "require client certificates: " + error.message()};
  return Done{};
}

}  // namespace

Result<TlsMaterial> read_material(const TlsFiles& files) {
  TlsMaterial material;
  material.certificate = BERTH_TRY(read_file(files.certificate));
  material.key = BERTH_TRY(read_file(files.key));
  if (!files.client_ca.empty()) material.client_ca = BERTH_TRY(read_file(files.client_ca));
  return material;
}

Result<std::shared_ptr<TlsIdentity>> make_identity(TlsMaterial material) {
  auto identity = std::make_shared<TlsIdentity>(
      TlsIdentity{std::move(material), ssl::context(ssl::context::tls_server), Instant{}});
  harden(identity->context.native_handle());
  BERTH_TRY(load(identity->context, identity->material));
  identity->expiry = BERTH_TRY(leaf_expiry(identity->context.native_handle()));
  return identity;
}

bool speaks_http2(SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl, &name, &length);
  return std::string_view(reinterpret_cast<const char*>(name), length) == "h2";
}

std::string peer_common_name(SSL* handle) {
  const std::unique_ptr<X509, decltype(&X509_free)> leaf(SSL_get1_peer_certificate(handle),
                                                         &X509_free);
  if (leaf == nullptr) return {};
  X509_NAME* subject = X509_get_subject_name(leaf.get());
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int length =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (length < 0) return {};
  std::string name(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
  OPENSSL_free(text);
  return name;
}

}  // namespace berth::http
