#include "worker/files.h"

#include <gtest/gtest.h>

#include "worker/scratch_folder.h"

namespace berth::worker {
namespace {

TEST(Files, DigestIsSha256) {
  EXPECT_EQ(sha256_hex(bytes_of("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Files, ReplaceLeavesTheNewTextAndNothingElse) {
  const ScratchFolder folder;
  const auto path = folder.write("model.pt", "old");
  ASSERT_TRUE(replace_file(path, bytes_of("new")).ok());
  EXPECT_EQ(text_of(path), "new");
  EXPECT_EQ(*list_names(folder.path()), (std::vector<std::string>{"model.pt"}));
}

TEST(Files, ErrorsSayWhatWasTriedOnWhat) {
  const ScratchFolder folder;
  const auto missing = folder.path() / "none";
  EXPECT_EQ(read_file(missing).error().code, Code::NotFound);
  EXPECT_EQ(read_file(missing).error().message,
            "read " + missing.string() + ": No such file or directory");
  EXPECT_EQ(list_names(missing).error().code, Code::NotFound);
  EXPECT_FALSE(write_and_sync(missing / "x", bytes_of("x")).ok());
  EXPECT_FALSE(sync_directory(missing).ok());
}

}  // namespace
}  // namespace berth::worker
