#include "kube/pod_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace berth::kube {
namespace {

using Bytes4 = std::array<uint8_t, 4>;
using Bytes16 = std::array<uint8_t, 16>;

bool is_usable(const Bytes4& ip) {
  constexpr Bytes4 kAlibabaMetadata = {100, 100, 100, 200};
  const bool is_special = ip[0] == 0 || ip[0] == 127 || ip[0] >= 224;
  const bool is_link_local = ip[0] == 169 && ip[1] == 254;
  return !is_special && !is_link_local && ip != kAlibabaMetadata;
}

// The IPv4 address inside ::ffff:a.b.c.d, ::a.b.c.d and 64:ff9b::a.b.c.d.
bool holds_ipv4(const Bytes16& ip) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<uint8_t, 12> kCompatible = {};
  constexpr std::array<uint8_t, 12> kTranslated = {0, 0x64, 0xff, 0x9b};
  return std::equal(kMapped.begin(), kMapped.end(), ip.begin()) ||
         std::equal(kCompatible.begin(), kCompatible.end(), ip.begin()) ||
         std::equal(kTranslated.begin(), kTranslated.end(), ip.begin());
}

bool is_usable(const Bytes16& ip) {
  constexpr Bytes16 kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr Bytes16 kAwsMetadata = {0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  if (ip == kLoopback || ip == kAwsMetadata) return false;
  if (holds_ipv4(ip)) return is_usable(Bytes4{ip[12], ip[13], ip[14], ip[15]});
  const bool is_link_local = ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80;
  return !is_link_local && ip[0] != 0xff;
}

}  // namespace

bool is_pod_address(const std::string& ip) {
  Bytes4 four;
  Bytes16 six;
  if (inet_pton(AF_INET, ip.c_str(), four.data()) == 1) return is_usable(four);
  return inet_pton(AF_INET6, ip.c_str(), six.data()) == 1 && is_usable(six);
}

}  // namespace berth::kube
