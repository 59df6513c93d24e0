#include "worker/serve/serve_flags.h"

#include <gmock/gmock.h>

#include <vector>

namespace berth::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Result<ParsedServeFlags> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "berth-server");
  return parse_serve_flags(static_cast<int>(arguments.size()), arguments.data());
}

TEST(ServeFlags, ReadsEveryKindOfValue) {
  const auto flags = parse({"--model", "file:///m", "--name=digits", "--devices", "cuda",
                            "--max-batch-delay-microseconds", "0", "--drain-seconds", "30",
                            "--http-port", "0", "--memory-bytes", "1000000000000"});
  ASSERT_TRUE(flags.ok()) << flags.error().message;
  EXPECT_EQ(flags->settings.model, "file:///m");
  EXPECT_EQ(flags->settings.name, "digits");
  EXPECT_THAT(flags->settings.devices, ElementsAre(DeviceChoice::Cuda));
  EXPECT_EQ(flags->settings.max_batch_delay_microseconds, 0);
  EXPECT_EQ(flags->settings.drain, std::chrono::seconds(30));
  EXPECT_EQ(flags->settings.http_port, 0);
  EXPECT_EQ(flags->settings.memory_bytes, 1'000'000'000'000);
}

TEST(ServeFlags, DefaultsAreThoseOfAnInferenceEndpoint) {
  const ServeSettings settings = parse({"--model", "m"})->settings;
  EXPECT_EQ(settings.max_batch_size, 32);
  EXPECT_EQ(settings.max_batch_delay_microseconds, 2000);
  EXPECT_EQ(settings.max_queued_requests, 512);
  EXPECT_EQ(settings.request_timeout_milliseconds, 1000);
  EXPECT_THAT(settings.devices, ElementsAre(DeviceChoice::Cuda, DeviceChoice::Cpu));
}

// Changes the environment of this process, which no thread of it reads.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* const name_;
};

TEST(ServeFlags, AreReadFromTheEnvironmentThatAReplicaHas) {
  const Environment model("BERTH_MODEL", "/var/run/berth/model/digits");
  const Environment name("BERTH_MODEL_NAME", "digits");
  const Environment batch("BERTH_MAX_BATCH_SIZE", "8");
  const auto flags = parse({"--name", "letters"});
  ASSERT_TRUE(flags.ok()) << flags.error().message;
  EXPECT_EQ(flags->settings.model, "/var/run/berth/model/digits");
  EXPECT_EQ(flags->settings.max_batch_size, 8);
  EXPECT_EQ(flags->settings.name, "letters") << "arguments win";
}

TEST(ServeFlags, RefusesInOneLineThatNamesTheFlag) {
  struct Case {
    std::vector<const char*> arguments;
    const char* want_in_message;
  };
  for (const Case& c : std::vector<Case>{
           {{}, "--model"},
           {{"--model", "m", "--max-batch-size", "0"}, "--max-batch-size"},
           {{"--model", "m", "--max-queued-requests", "none"}, "--max-queued-requests"},
           {{"--model", "m", "--http-port", "65536"}, "--http-port"},
           {{"--model", "m", "--name", "a/b"}, "--name"},
           {{"--model", "m", "--sha256", "AB"}, "--sha256"},
           {{"--model", "m", "--devices", "npu"}, "--devices"},
           {{"--model", "m", "--drain-seconds", "-1"}, "--drain-seconds"},
           {{"--model", "m", "--memory-bytes", "1000000"}, "--max-request-bytes"},
           {{"--model", "m", "--batch-input", "in"}, "--batch-output"},
           {{"--model", "m", "--speed", "1"}, "--speed"}}) {
    const auto flags = parse(c.arguments);
    ASSERT_FALSE(flags.ok()) << c.want_in_message;
    EXPECT_EQ(flags.error().code, Code::Invalid);
    EXPECT_THAT(flags.error().message, HasSubstr(c.want_in_message));
    EXPECT_THAT(flags.error().message, Not(HasSubstr("\n")));
  }
}

TEST(ServeFlags, HelpShowsExamplesAndExitStatus) {
  const auto flags = parse({"--help"});
  ASSERT_TRUE(flags.ok());
  EXPECT_THAT(flags->help, HasSubstr("Examples:"));
  EXPECT_THAT(flags->help, HasSubstr("Exit status:"));
}

}  // namespace
}  // namespace berth::worker
