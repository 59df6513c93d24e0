#include "operator/extender/flags.h"

#include <gtest/gtest.h>

#include <vector>

namespace berth::extender {
namespace {

Result<Flags> read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "berth-extender");
  return read_flags(static_cast<int>(arguments.size()), arguments.data());
}

TEST(ExtenderFlags, HaveSafeDefaults) {
  const auto flags = read({"serve", "--tls-cert=a", "--tls-key=b"});
  ASSERT_TRUE(flags.ok()) << flags.error().message;
  EXPECT_EQ(flags->command, Command::Serve);
  EXPECT_EQ(flags->listen, "127.0.0.1:9443");
  EXPECT_EQ(flags->client_name, "kube-scheduler");
  EXPECT_TRUE(flags->bind);
  EXPECT_FALSE(flags->accelerator_resources.empty());
}

TEST(ExtenderFlags, ReadWhatTheChartPasses) {
  const auto flags = read({"serve", "--listen=127.0.0.1:9443", "--tls-cert=a", "--tls-key=b",
                           "--client-ca=c", "--health-listen=0.0.0.0:9444", "--bind=false",
                           "--accelerator-resources=nvidia.com/gpu,amd.com/gpu"});
  ASSERT_TRUE(flags.ok()) << flags.error().message;
  EXPECT_FALSE(flags->bind);
  EXPECT_EQ(flags->accelerator_resources.size(), 2u);
}

TEST(ExtenderFlags, NameTheFlagThatIsWrong) {
  EXPECT_FALSE(read({}).ok());
  EXPECT_NE(read({"certs"}).error().message.find("--dir"), std::string::npos);
  EXPECT_NE(
      read({"serve", "--tls-cert=a", "--tls-key=b", "--accelerator-resources=1,2,3,4,5,6,7,8,9"})
          .error()
          .message.find("--accelerator-resources"),
      std::string::npos);
}

TEST(ExtenderFlags, ReadAnAddress) {
  EXPECT_EQ(parse_listen("127.0.0.1:9443")->port, 9443);
  EXPECT_EQ(parse_listen("[::1]:9443")->address, "::1");
  for (const char* const text : {"", "9443", ":9443", "h:", "h:x", "h:99999", "h:1x"}) {
    EXPECT_FALSE(parse_listen(text).ok()) << text;
  }
}

}  // namespace
}  // namespace berth::extender
