#include "worker/serve/model_file.h"

#include <gmock/gmock.h>

#include "worker/scratch_folder.h"

namespace berth::worker {
namespace {

using ::testing::HasSubstr;

constexpr const char* kDigestOfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(ModelFile, IsReadFromAPathAUriOrAFolder) {
  const ScratchFolder folder;
  const auto path = folder.write("model.pt", "abc");
  for (const std::string& uri :
       {path.string(), "file://" + path.string(), folder.path().string()}) {
    const auto model = read_model(uri, kDigestOfAbc);
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ(model->bytes.size(), 3U);
    EXPECT_EQ(model->sha256, kDigestOfAbc);
  }
  EXPECT_TRUE(read_model(path.string(), "").ok());
}

TEST(ModelFile, WithAnotherDigestIsRefusedForGood) {
  const ScratchFolder folder;
  const auto refused = read_model(folder.write("m", "abd").string(), kDigestOfAbc);
  EXPECT_EQ(refused.error().code, Code::Invalid);
  EXPECT_THAT(refused.error().message, HasSubstr(std::string("want ") + kDigestOfAbc));
}

TEST(ModelFile, ThatIsNotThereMayComeAndAnotherSchemeNeverDoes) {
  EXPECT_EQ(read_model("/nowhere/model.pt", "").error().code, Code::NotFound);
  const auto refused = read_model("s3://bucket/model.pt", "");
  EXPECT_EQ(refused.error().code, Code::Invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("not s3://"));
}

}  // namespace
}  // namespace berth::worker
