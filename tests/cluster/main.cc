#include <gtest/gtest.h>

#include <cstdio>

#include "host/env.h"
#include "tests/cluster/test_server.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const auto file = berth::host::env("BERTH_TEST_KUBECONFIG")) {
    berth::cluster::use_kubeconfig(*file);
  } else {
    std::puts("BERTH_TEST_KUBECONFIG is not set: what needs an API server is skipped");
  }
  return RUN_ALL_TESTS();
}
