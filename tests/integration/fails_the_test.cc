#include <gtest/gtest.h>

#include "tests/integration/cluster.h"
#include "tests/integration/rights.h"

namespace berth::integration {

Report fails_the_test() {
  return [](const std::string& trouble) { ADD_FAILURE() << trouble; };
}

void guard(kube::fake::FakeTransport& transport, const control::Settings& settings) {
  const Rights rights = rights_of(settings);
  EXPECT_FALSE(rights.all().empty()) << "tests run in the root of the repository";
  rights.refuse_others(transport, [](const std::string& right) {
    ADD_FAILURE() << "the chart gives no right to " << right;
  });
}

}  // namespace berth::integration
