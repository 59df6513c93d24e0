#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

// Making certificates: ECDSA on P-256, signed with SHA-256, everything as PEM text.
namespace berth::http {

struct KeyPair {
  std::string certificate;
  std::string key;

  bool operator==(const KeyPair&) const = default;
};

enum class LeafUse { Server, Client };

struct LeafRequest {
  LeafUse use = LeafUse::Server;
  std::string common_name;
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses;
};

struct Validity {
  Instant begin;
  Instant end;

  // Less than a third of the whole is left (or all of it lies ahead).
  bool wants_renewal(Instant now) const { return now < begin || (end - now) * 3 < end - begin; }
};

// `serial` must not repeat for one CA.
Result<KeyPair> make_authority(std::string_view common_name, Validity validity, int64_t serial);
Result<KeyPair> make_leaf(const KeyPair& authority, const LeafRequest& request, Validity validity,
                          int64_t serial);

// Invalid when the key is not the certificate's, or the certificate not signed by `authority`
// (which for an authority is itself).
Result<Validity> check_pair(const KeyPair& pair, const std::string& authority_certificate);

}  // namespace berth::http
