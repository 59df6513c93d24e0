#include <gtest/gtest.h>

#include "tests/integration/cluster.h"

namespace berth::integration {

Report fails_the_test() {
  return [](const std::string& trouble) { ADD_FAILURE() << trouble; };
}

}  // namespace berth::integration
