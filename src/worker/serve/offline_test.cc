#include "worker/serve/offline.h"

#include <gmock/gmock.h>

#include "serving/testing/models.h"
#include "worker/files.h"
#include "worker/scratch_folder.h"

namespace berth::worker {
namespace {

using serving::testing::Adder;
using serving::testing::Gate;
using serving::testing::pairs;
using ::testing::HasSubstr;

std::string line_of(const std::string& numbers) {
  return R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[)" + numbers + "]}]}\n";
}

class OfflineTest : public ::testing::Test {
 protected:
  Result<Exit> run(int rank = 0, int world_size = 1) {
    return run_offline({.input = in_.path(),
                        .output = out_.path() / "answers",
                        .rows_max = 2,
                        .rank = rank,
                        .world_size = world_size},
                       {.model = {"adder", "1"},
                        .signature = signature_,
                        .instance = adder_,
                        .stop = stop_,
                        .progress = progress_,
                        .log = log_});
  }
  std::filesystem::path answers(const std::string& name) const {
    return out_.path() / "answers" / name;
  }
  bool is_there(const std::string& name) const { return std::filesystem::exists(answers(name)); }

  const ScratchFolder in_;
  const ScratchFolder out_;
  const serving::Signature signature_ = pairs();
  Gate gate_;
  Adder adder_{gate_};
  StopRequest stop_;
  Progress progress_;
  NoLog log_;
};

TEST_F(OfflineTest, AnswersEveryLineInOrderAndSaysWhatItWrote) {
  in_.write("a.jsonl", line_of("1,2") + "\n" + line_of("3,4") + line_of("5,6"));
  in_.write("notes.txt", "not for it");
  ASSERT_EQ(*run(), Exit::Done);
  const std::string text = text_of(answers("a.jsonl"));
  std::vector<size_t> at;
  for (const char* want : {"[3]}]}\n", "[7]}]}\n", "[11]}]}\n"}) at.push_back(text.find(want));
  EXPECT_TRUE(at[0] < at[1] && at[1] < at[2] && at[2] != std::string::npos) << text;
  EXPECT_EQ(text_of(answers("a.jsonl.sha256")), sha256_hex(bytes_of(text)) + "  a.jsonl\n");
  EXPECT_FALSE(is_there("notes.txt"));
  EXPECT_EQ(progress_.values().step, 1);
  EXPECT_EQ(progress_.values().samples_total, 3);
}

TEST_F(OfflineTest, GoesOnWhereItWas) {
  in_.write("a.jsonl", line_of("1,2"));
  in_.write("b.jsonl", line_of("3,4"));
  ASSERT_EQ(*run(), Exit::Done);
  std::filesystem::remove(answers("b.jsonl"));
  std::ofstream(answers("a.jsonl")) << "as it was";
  ASSERT_EQ(*run(), Exit::Done);
  EXPECT_EQ(text_of(answers("a.jsonl")), "as it was");
  EXPECT_THAT(text_of(answers("b.jsonl")), HasSubstr("[7]"));
}

TEST_F(OfflineTest, StopsBetweenBatchesAndLeavesNoHalfFile) {
  in_.write("a.jsonl", line_of("1,2"));
  stop_.request();
  EXPECT_EQ(*run(), Exit::Checkpointed);
  EXPECT_FALSE(is_there("a.jsonl"));
}

TEST_F(OfflineTest, RanksShareTheFiles) {
  for (const char* name : {"a.jsonl", "b.jsonl", "c.jsonl"}) in_.write(name, line_of("1,2"));
  ASSERT_EQ(*run(1, 2), Exit::Done);
  EXPECT_FALSE(is_there("a.jsonl"));
  EXPECT_TRUE(is_there("b.jsonl"));
  ASSERT_EQ(*run(0, 2), Exit::Done);
  EXPECT_TRUE(is_there("a.jsonl") && is_there("c.jsonl"));
}

TEST_F(OfflineTest, NamesTheFileAndTheLineThatItCannotTake) {
  in_.write("a.jsonl", line_of("1,2") + line_of("1,2,3"));
  const auto refused = run();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::Invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("a.jsonl: line 2: input 'x': shape wants 2"));
  EXPECT_FALSE(is_there("a.jsonl"));
}

TEST_F(OfflineTest, WithoutItsInputItMayWorkTheNextTime) {
  const auto refused =
      run_offline({.input = "/nowhere", .output = out_.path()}, {.model = {"adder", "1"},
                                                                 .signature = signature_,
                                                                 .instance = adder_,
                                                                 .stop = stop_,
                                                                 .progress = progress_,
                                                                 .log = log_});
  EXPECT_EQ(refused.error().code, Code::NotFound);
}

}  // namespace
}  // namespace berth::worker
