#include <gmock/gmock.h>

#include "http/testing/serving.h"
#include "http/testing/tls_client.h"

namespace berth::http {
namespace {

using ::testing::HasSubstr;
using testing::TlsClient;

// What only HTTP/1.1 has; what both have is in tls_server_test.cc.
class Http1Test : public testing::Serving {
 protected:
  TlsClient client_{pki_.ca(), pki_.client()};
};

TEST_F(Http1Test, AnswersPipelinedRequestsInOrder) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send(TlsClient::request("/", "one") + TlsClient::request("/", "two")));
  EXPECT_EQ(client_.receive()->body, "kube-scheduler:one");
  EXPECT_EQ(client_.receive()->body, "kube-scheduler:two");
}

TEST_F(Http1Test, KeepsAliveOnlyWhoWantsIt) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(client_.receive()->head, HasSubstr("Connection: close"));
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(Http1Test, TellsAClientThatWaitsToGoOn) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(
      client_.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                   "Expect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client_.receive()->status, 100);
  ASSERT_TRUE(client_.send("hi"));
  EXPECT_EQ(client_.receive()->body, "kube-scheduler:hi");
}

TEST_F(Http1Test, RefusesWhatIsNoHttp) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send("\x01\x02 what is this\r\n\r\n"));
  EXPECT_THAT(line_from(client_, 400), HasSubstr("this is not HTTP/1.1: "));
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(Http1Test, CutsWhoWasRefused) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.ask({.declared = 1001}));
  EXPECT_EQ(line_from(client_, 413), "the body is larger than 1000 B\n");
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(Http1Test, CutsASlowHeader) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send("GET / HT"));
  EXPECT_THAT(line_from(client_, 408), HasSubstr("the headers did not come within"));
  EXPECT_TRUE(client_.is_cut());
}

}  // namespace
}  // namespace berth::http
