#include <gtest/gtest.h>

#include "api/common.h"
#include "api/gpujob_spec.h"

namespace berth::api {
namespace {

const std::string kDigest(64, 'a');

TEST(ImageDigest, IsSixtyFourLowerCaseHexadecimalDigitsAtTheEnd) {
  EXPECT_TRUE(has_digest("registry:5000/a/b:1@sha256:" + kDigest));
  EXPECT_FALSE(has_digest("a:1"));
  EXPECT_FALSE(has_digest(""));
  EXPECT_FALSE(has_digest("@sha256:"));
  EXPECT_FALSE(has_digest("a@sha256:" + kDigest + "a"));
  EXPECT_FALSE(has_digest("a@sha256:" + kDigest.substr(1)));
  EXPECT_FALSE(has_digest("a@sha512:" + kDigest));
  EXPECT_FALSE(has_digest("a@sha256:" + kDigest.substr(1) + "A"));
}

TEST(CheckpointPlace, IsAClaimAndFoldersInIt) {
  for (const char* good : {"pvc://c", "pvc://c/a", "pvc://c.d-1/a/B_c/.d", "pvc://c/..a", "s3://x"})
    EXPECT_TRUE(Checkpoint::is_place({.uri = good})) << good;
  for (const char* bad : {"pvc://", "pvc:///a", "pvc://-c", "pvc://c-/a", "pvc://C", "pvc://c/",
                          "pvc://c//a", "pvc://c/.", "pvc://c/..", "pvc://c/../a", "pvc://c/a b",
                          "pvc://c/a?b", "pvc://c/\xc3\xbc"})
    EXPECT_FALSE(Checkpoint::is_place({.uri = bad})) << bad;
  EXPECT_TRUE(Checkpoint::is_place({.uri = "pvc://" + std::string(253, 'c')}));
  EXPECT_FALSE(Checkpoint::is_place({.uri = "pvc://" + std::string(254, 'c')}));
}

TEST(EnvironmentName, IsFreeUnlessTheWorkerContractHasIt) {
  for (const char* taken :
       {"BERTH_", "BERTH_JOB", "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"})
    EXPECT_FALSE(EnvVar::is_free({.name = taken})) << taken;
  for (const char* free : {"BERTH", "RANKS", "OMP_NUM_THREADS", "berth_job"})
    EXPECT_TRUE(EnvVar::is_free({.name = free})) << free;
}

}  // namespace
}  // namespace berth::api
