#include "kube/pod_address.h"

#include <gtest/gtest.h>

namespace berth::kube {
namespace {

TEST(PodAddress, IsWhatNetworksOfPodsUse) {
  for (const char* const ip : {"10.0.0.1", "192.168.4.7", "172.16.0.9", "100.64.0.1", "203.0.113.9",
                               "fd00::1", "2001:db8::7", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(is_pod_address(ip)) << ip;
  }
}

TEST(PodAddress, IsNeverOneOfTheAskersOwnMachineOrOfTheCloud) {
  for (const char* const ip :
       {"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1",
        "100.100.100.200", "224.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "fe80::1",
        "febf::1", "ff02::1", "fd00:ec2::254"}) {
    EXPECT_FALSE(is_pod_address(ip)) << ip;
  }
}

TEST(PodAddress, IsNumericAndNothingElse) {
  for (const char* const text :
       {"", " ", "10.0.0.1 ", "10.0.0.1:80", "10.0.0.1/24", "10.0.0.1@x", "10.0.0", "010.0.0.1",
        "0x0a000001", "2130706433", "localhost", "metadata.google.internal", "[fd00::1]",
        "fe80::1%eth0", "fd00::1/64", "10.0.0.1\n", "kubernetes.default.svc"}) {
    EXPECT_FALSE(is_pod_address(text)) << text;
  }
}

}  // namespace
}  // namespace berth::kube
