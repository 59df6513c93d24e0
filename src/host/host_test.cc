#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <sstream>
#include <thread>

#include "host/entropy.h"
#include "host/env.h"
#include "host/json_log.h"
#include "host/process.h"
#include "host/real_clock.h"
#include "host/short_slices.h"
#include "host/signals.h"

namespace berth::host {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(RealClock, TellsBothTimes) {
  const RealClock clock;
  EXPECT_GT(clock.now(), Instant{Millis{1'700'000'000'000}});
  EXPECT_LE(clock.monotonic(), clock.monotonic());
}

TEST(Entropy, SuffixesAreOfTheirLengthAndDiffer) {
  EXPECT_THAT(unique_suffix(), MatchesRegex("[bcdfghjklmnpqrstvwxz2456789]{5}"));
  EXPECT_NE(unique_suffix(12), unique_suffix(12));
  EXPECT_NE(random_seed(), random_seed());
}

TEST(Env, TellsAbsentFromEmpty) {
  EXPECT_TRUE(env("PATH"));
  EXPECT_EQ(env("BERTH_NO_SUCH_VARIABLE"), std::nullopt);
  EXPECT_EQ(env_or_empty("BERTH_NO_SUCH_VARIABLE"), "");
}

struct Captured {
  std::ostringstream text;
  JsonLog log;

  explicit Captured(LogLevel level = LogLevel::Info)
      : log(level, std::make_shared<spdlog::sinks::ostream_sink_st>(text)) {}
};

TEST(JsonLog, WritesOneObjectPerLine) {
  Captured captured;
  captured.log.info("job admitted", {{"job", "blue/train"}, {"devices", "8"}});
  EXPECT_THAT(
      captured.text.str(),
      MatchesRegex("\\{\"time\":\"....-..-..T..:..:..\\....Z\",\"level\":\"info\","
                   "\"message\":\"job admitted\",\"job\":\"blue/train\",\"devices\":\"8\"\\}\n"));
}

TEST(JsonLog, AValueCannotForgeALineOrAField) {
  Captured captured;
  captured.log.warn("refused", {{"name", "a\"}\n{\"level\":\"info\"\x1b[2J"}, {"level", "x"}});
  const std::string text = captured.text.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, HasSubstr(R"("name":"a\"}\n{\"level\":\"info\"\u001b[2J","_level":"x"})"));
}

TEST(JsonLog, FormatCharactersOfAMessageMeanNothing) {
  Captured captured;
  captured.log.error("{} %v %s", {{"a", "{0}"}});
  EXPECT_THAT(captured.text.str(), HasSubstr(R"("message":"{} %v %s","a":"{0}"})"));
}

TEST(JsonLog, LinesOfSeveralThreadsStayWhole) {
  std::ostringstream text;
  JsonLog log(LogLevel::Info, std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
  std::vector<std::thread> threads;
  for (const char* const name : {"a", "b"}) {
    threads.emplace_back([&log, name] {
      for (int i = 0; i < 100; ++i) log.info("turn", {{"thread", name}});
    });
  }
  for (std::thread& one : threads) one.join();
  std::istringstream lines(text.str());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_THAT(line, MatchesRegex("\\{\"time\".*\"message\":\"turn\",\"thread\":\"[ab]\"\\}"));
  }
  EXPECT_EQ(count, 200);
}

TEST(JsonLog, CutsWhatIsTooLong) {
  Captured captured;
  captured.log.info("long", {{"body", std::string(100'000, 'x')}});
  EXPECT_LT(captured.text.str().size(), 5000U);
  EXPECT_THAT(captured.text.str(), EndsWith("...\"}\n"));
}

TEST(JsonLog, KeepsQuietBelowItsLevel) {
  Captured captured(LogLevel::Error);
  captured.log.info("a");
  captured.log.warn("b");
  EXPECT_EQ(captured.text.str(), "");
  captured.log.error("c");
  EXPECT_THAT(captured.text.str(), Not(testing::IsEmpty()));
}

TEST(JsonLog, ItsLevelsAreNamed) {
  EXPECT_EQ(*parse_log_level("warn"), LogLevel::Warn);
  EXPECT_EQ(parse_log_level("loud").error().code, Code::Invalid);
}

TEST(StopSignals, ASignalSetsTheFlagAndWakes) {
  const int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  {
    const StopSignals stop(wake);
    EXPECT_FALSE(stop.requested());
    std::raise(SIGTERM);
    EXPECT_TRUE(stop.requested());
    uint64_t wakes = 0;
    EXPECT_EQ(::read(wake, &wakes, sizeof wakes), 8);
  }
  ::close(wake);
}

TEST(StopSignals, TheSecondSignalEndsTheProgram) {
  EXPECT_EXIT(
      {
        const StopSignals stop;
        std::raise(SIGTERM);
        std::raise(SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(RunProgram, ReturnsWhatItPrinted) {
  EXPECT_EQ(*run_program({.command = {"sh", "-c", "echo $GREETING"}, .env = {{"GREETING", "hi"}}}),
            "hi\n");
}

TEST(RunProgram, SaysWhyItFailed) {
  EXPECT_EQ(run_program({.command = {"berth-no-such-program"}}).error().code, Code::NotFound);
  EXPECT_EQ(run_program({.command = {"sh", "-c", "exit 3"}}).error().message,
            "ended with exit code 3");
  EXPECT_EQ(run_program({.command = {"sh", "-c", "kill -9 $$"}}).error().message,
            "ended with signal 9");
  EXPECT_EQ(run_program({.command = {}}).error().code, Code::Invalid);
}

TEST(RunProgram, KillsWhatHangsOrFloods) {
  EXPECT_EQ(run_program({.command = {"cat", "/dev/zero"}}).error().code, Code::Invalid);
  EXPECT_EQ(
      run_program({.command = {"tail", "-f", "/dev/null"}, .timeout = Millis{20}}).error().code,
      Code::Timeout);
  // One that closes its output and stays.
  EXPECT_EQ(run_program({.command = {"sh", "-c", "exec tail -f /dev/null >/dev/null"},
                         .timeout = Millis{50}})
                .error()
                .code,
            Code::Timeout);
}

TEST(ShortSlices, LeaveNicenessAsItIs) {
  std::thread([] {
    ASSERT_EQ(setpriority(PRIO_PROCESS, 0, 3), 0);
    prefer_short_slices();  // a kernel that does not know them leaves everything as it is
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 3);
  }).join();
}

}  // namespace
}  // namespace berth::host
