#include "decisionlog/chain.h"

#include <openssl/evp.h>

#include <array>

namespace berth::decisionlog {
namespace {

constexpr std::string_view kBeforeHash = ",\"hash\":\"";
constexpr size_t kHashText = 64;
constexpr size_t kSealSize = kBeforeHash.size() + kHashText + 2;  // with `"}`

std::string hash_of(std::string_view previous, std::string_view body) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  EVP_DigestUpdate(context, previous.data(), previous.size());
  EVP_DigestUpdate(context, body.data(), body.size());
  EVP_DigestFinal_ex(context, digest.data(), &size);
  EVP_MD_CTX_free(context);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 0xF];
  }
  return hex;
}

bool is_sealed(std::string_view line) {
  if (line.size() < kSealSize || !line.ends_with("\"}")) return false;
  return line.substr(line.size() - kSealSize).starts_with(kBeforeHash);
}

}  // namespace

std::string seal(std::string_view body, std::string& previous) {
  body.remove_suffix(1);
  previous = hash_of(previous, body);
  std::string line(body);
  line += kBeforeHash;
  line += previous;
  line += "\"}\n";
  return line;
}

std::string_view body_of_line(std::string_view line) {
  return is_sealed(line) ? line.substr(0, line.size() - kSealSize) : line;
}

Status check(std::string_view line, std::string& previous) {
  if (!is_sealed(line)) return Error{Code::Invalid, "does not end in a hash"};
  const std::string_view said = line.substr(line.size() - 2 - kHashText, kHashText);
  const std::string hash = hash_of(previous, body_of_line(line));
  if (said != hash) {
    return Error{Code::Invalid, "the hash is not that of the line: it was changed"};
  }
  previous = hash;
  return Done{};
}

}  // namespace berth::decisionlog
