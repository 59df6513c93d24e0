#include "worker/flags.h"

#include <gtest/gtest.h>

#include <vector>

namespace berth::worker {
namespace {

Result<ParsedFlags> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "berth-trainer");
  return parse_flags(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Flags, ReadsEveryKindOfValue) {
  const auto flags = parse({"--data", "d.csv", "--model=cnn", "--device", "cpu", "--epochs", "7",
                            "--learning-rate", "0.01", "--seed", "18446744073709551615",
                            "--checkpoint-interval-seconds", "30", "--steps-per-second", "2.5"});
  ASSERT_TRUE(flags.ok()) << flags.error().message;
  EXPECT_EQ(flags->settings.data, "d.csv");
  EXPECT_EQ(flags->settings.model, "cnn");
  EXPECT_EQ(flags->settings.device, DeviceChoice::Cpu);
  EXPECT_EQ(flags->settings.epochs, 7);
  EXPECT_EQ(flags->settings.learning_rate, 0.01);
  EXPECT_EQ(flags->settings.seed, 18446744073709551615U);
  EXPECT_EQ(flags->settings.checkpoint_interval, std::chrono::seconds(30));
  EXPECT_EQ(flags->settings.steps_per_second_max, 2.5);
}

TEST(Flags, LeaveTheCheckpointIntervalToTheJobUnlessTold) {
  EXPECT_FALSE(parse({"--data", "d.csv"})->settings.checkpoint_interval);
  EXPECT_EQ(parse({"--data", "d.csv", "--checkpoint-interval-seconds", "0"})
                ->settings.checkpoint_interval,
            std::chrono::seconds(0));
}

TEST(Flags, RefusesInOneLineThatNamesTheFlag) {
  struct Case {
    std::vector<const char*> arguments;
    const char* want_in_message;
  };
  for (const Case& c : std::vector<Case>{
           {{}, "--data"},
           {{"--data", "d", "--epochs", "0"}, "--epochs"},
           {{"--data", "d", "--epochs", "many"}, "--epochs"},
           {{"--data", "d", "--model", "gpt"}, "--model"},
           {{"--data", "d", "--device", "npu"}, "--device"},
           {{"--data", "d", "--batch-size", "-1"}, "--batch-size"},
           {{"--data", "d", "--speed", "1"}, "--speed"},
           {{"--data", "d", "--peer-timeout-seconds", "30"}, "--peer-timeout-seconds"}}) {
    const auto flags = parse(c.arguments);
    ASSERT_FALSE(flags.ok()) << c.want_in_message;
    EXPECT_EQ(flags.error().code, Code::Invalid);
    EXPECT_NE(flags.error().message.find(c.want_in_message), std::string::npos)
        << flags.error().message;
    EXPECT_EQ(flags.error().message.find('\n'), std::string::npos) << flags.error().message;
  }
}

TEST(Flags, HelpShowsExamplesAndExitStatus) {
  const auto flags = parse({"--help"});
  ASSERT_TRUE(flags.ok());
  EXPECT_NE(flags->help.find("Examples:"), std::string::npos);
  EXPECT_NE(flags->help.find("42 checkpointed"), std::string::npos);
}

TEST(Flags, FindsTheTerminationLogEvenWhenTheRestIsWrong) {
  const auto at = [](std::vector<const char*> arguments) {
    return termination_log_in(static_cast<int>(arguments.size()), arguments.data());
  };
  EXPECT_EQ(at({"berth-trainer", "--bad", "--termination-log", "t"}), "t");
  EXPECT_EQ(at({"berth-trainer", "--termination-log=t", "--bad"}), "t");
  EXPECT_EQ(at({"berth-trainer", "--bad"}), "/dev/termination-log");
}

}  // namespace
}  // namespace berth::worker
