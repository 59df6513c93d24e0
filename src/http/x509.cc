#include "http/x509.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

namespace berth::http {
namespace {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* owned) const {
    kFree(owned);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

Error openssl_failed(const char* what) { return {Code::Internal, std::string(what) + " failed"}; }

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

Result<KeyPair> to_pem(X509* certificate, EVP_PKEY* key) {
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_failed("encoding a certificate");
  }
  return KeyPair{text_of(certificate_text.get()), text_of(key_text.get())};
}

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate read_certificate(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
}

// With an empty password instead of OpenSSL's question on the terminal.
Key read_key(const std::string& pem) {
  char none[] = "";
  return Key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, none));
}

bool set_time(ASN1_TIME* to, Instant at) {
  std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  return X509_time_adj_ex(to, 0, 0, &seconds) != nullptr;
}

Instant read_time(const ASN1_TIME* from) {
  std::tm utc{};
  ASN1_TIME_to_tm(from, &utc);
  return Instant{std::chrono::seconds{timegm(&utc)}};
}

bool add_name(X509* certificate, std::string_view common_name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Certificate blank(EVP_PKEY* key, std::string_view common_name, const Validity& validity,
                  int64_t serial) {
  Certificate certificate(X509_new());
  if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate.get()), serial) != 1 ||
      X509_set_pubkey(certificate.get(), key) != 1 || !add_name(certificate.get(), common_name) ||
      !set_time(X509_getm_notBefore(certificate.get()), validity.begin) ||
      !set_time(X509_getm_notAfter(certificate.get()), validity.end)) {
    return nullptr;
  }
  return certificate;
}

std::string alternative_names(const LeafRequest& request) {
  std::string names;
  for (const std::string& name : request.dns_names)
    names += (names.empty() ? "DNS:" : ",DNS:") + name;
  for (const std::string& address : request.addresses) {
    names += (names.empty() ? "IP:" : ",IP:") + address;
  }
  return names;
}

bool add_leaf_extensions(X509* leaf, X509* issuer, const LeafRequest& request) {
  const std::string names = alternative_names(request);
  return add_extension(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
         add_extension(leaf, issuer, NID_ext_key_usage,
                       request.use == LeafUse::Server ? "serverAuth" : "clientAuth") &&
         add_extension(leaf, issuer, NID_authority_key_identifier, "keyid") &&
         (names.empty() || add_extension(leaf, issuer, NID_subject_alt_name, names));
}

}  // namespace

Result<KeyPair> make_authority(std::string_view common_name, Validity validity, int64_t serial) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate =
      key == nullptr ? nullptr : blank(key.get(), common_name, validity, serial);
  if (certificate == nullptr) return openssl_failed("making a CA");
  X509* self = certificate.get();
  if (X509_set_issuer_name(self, X509_get_subject_name(self)) != 1 ||
      !add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(self, self, NID_key_usage, "critical,keyCertSign") ||
      !add_extension(self, self, NID_subject_key_identifier, "hash") ||
      X509_sign(self, key.get(), EVP_sha256()) == 0) {
    return openssl_failed("signing a CA");
  }
  return to_pem(self, key.get());
}

Result<KeyPair> make_leaf(const KeyPair& authority, const LeafRequest& request, Validity validity,
                          int64_t serial) {
  const Certificate issuer = read_certificate(authority.certificate);
  const Key issuer_key = read_key(authority.key);
  if (issuer == nullptr || issuer_key == nullptr) {
    return Error{Code::Invalid, "the CA is no PEM certificate with its key"};
  }
  const Key key(EVP_EC_gen("P-256"));
  const Certificate leaf =
      key == nullptr ? nullptr : blank(key.get(), request.common_name, validity, serial);
  if (leaf == nullptr) return openssl_failed("making a certificate");
  if (X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer.get())) != 1 ||
      !add_leaf_extensions(leaf.get(), issuer.get(), request) ||
      X509_sign(leaf.get(), issuer_key.get(), EVP_sha256()) == 0) {
    return openssl_failed("signing a certificate");
  }
  return to_pem(leaf.get(), key.get());
}

Result<Validity> check_pair(const KeyPair& pair, const std::string& authority_certificate) {
  const Certificate certificate = read_certificate(pair.certificate);
  const Certificate authority = read_certificate(authority_certificate);
  const Key key = read_key(pair.key);
  if (certificate == nullptr || authority == nullptr || key == nullptr) {
    return Error{Code::Invalid, "no PEM"};
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Error{Code::Invalid, "the key is not the certificate's"};
  }
  if (X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) != 1) {
    return Error{Code::Invalid, "the certificate is not the CA's"};
  }
  return Validity{read_time(X509_get0_notBefore(certificate.get())),
                  read_time(X509_get0_notAfter(certificate.get()))};
}

}  // namespace berth::http
