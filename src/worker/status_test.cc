// What a worker tells: /metrics, /healthz and the termination message.
#include <gtest/gtest.h>
#include <httplib.h>

#include <nlohmann/json.hpp>

#include "worker/progress.h"
#include "worker/scratch_folder.h"
#include "worker/status_server.h"
#include "worker/stop_request.h"
#include "worker/termination.h"

namespace berth::worker {
namespace {

TEST(Metrics, WhatIsNotKnownYetHasNoSample) {
  EXPECT_EQ(metrics_text(Progress::Values{}),
            "# HELP berth_worker_step Steps done by this run, earlier attempts included.\n"
            "# TYPE berth_worker_step gauge\n"
            "berth_worker_step 0\n"
            "# HELP berth_worker_samples_total Samples this process has trained on.\n"
            "# TYPE berth_worker_samples_total counter\n"
            "berth_worker_samples_total 0\n");
}

TEST(Metrics, SayWhatTheLoopReported) {
  Progress progress;
  progress.start(100, 690);
  progress.step_done(101, 32, 0.25);
  progress.step_done(102, 32, 0.125);
  progress.checkpointed(102, Instant{Millis{1'770'000'000'007}});
  const std::string text = metrics_text(progress.values());
  for (const char* want : {"\nberth_worker_step 102\n", "\nberth_worker_steps 690\n",
                           "\nberth_worker_samples_total 64\n", "\nberth_worker_loss 0.125\n",
                           "\nberth_worker_checkpoint_step 102\n",
                           "\nberth_worker_checkpoint_timestamp_seconds 1770000000.007\n"}) {
    EXPECT_NE(text.find(want), std::string::npos) << want << " in\n" << text;
  }
}

TEST(StatusServer, AnswersOnAFreePortAndRefusesATakenOne) {
  Progress progress;
  progress.start(3, 9);
  const auto server = StatusServer::start(0, progress);
  ASSERT_TRUE(server.ok()) << server.error().message;
  httplib::Client client("127.0.0.1", server->port());
  EXPECT_EQ(client.Get("/healthz")->body, "ok\n");
  const auto metrics = client.Get("/metrics");
  EXPECT_EQ(metrics->body, metrics_text(progress.values()));
  EXPECT_EQ(metrics->get_header_value("Content-Type"), "text/plain; version=0.0.4");
  EXPECT_EQ(client.Get("/other")->status, 404);

  const auto second = StatusServer::start(server->port(), progress);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::Unavailable);
}

TEST(TerminationMessage, HasTheContractsKeys) {
  const LastWord word{.step = 690,
                      .checkpoint = PublishedCheckpoint{690, "file:///c/attempt-1/step-690", "ab"},
                      .model = SavedModel{"file:///c/model/model.pt", "cd"},
                      .quality = Quality{0.975, 0.5}};
  EXPECT_EQ(to_json(word), R"({"checkpointSha256":"ab","checkpointStep":690,)"
                           R"("checkpointUri":"file:///c/attempt-1/step-690",)"
                           R"("metrics":{"accuracy":0.975,"loss":0.5},"modelSha256":"cd",)"
                           R"("modelUri":"file:///c/model/model.pt","step":690})");
}

TEST(TerminationMessage, StaysWhatKubeletKeepsWhateverTheError) {
  LastWord word{.step = 1};
  word.error = std::string(100000, '\xff');
  const std::string text = to_json(word);
  EXPECT_LT(text.size(), 4096U);
  EXPECT_TRUE(nlohmann::json::parse(text).contains("error"));
}

TEST(TerminationMessage, IsWrittenIntoTheFileThatIsThere) {
  const ScratchFolder folder;
  const auto path = folder.write("log", "something much longer than the message itself");
  ASSERT_TRUE(write_termination_log(path, LastWord{.step = 4}).ok());
  EXPECT_EQ(text_of(path), "{\"step\":4}\n");
}

TEST(StopRequest, EndsAWait) {
  StopRequest stop;
  EXPECT_FALSE(stop.requested());
  stop.request();
  EXPECT_TRUE(stop.requested());
  stop.wait_for(std::chrono::hours(1));  // returns
}

}  // namespace
}  // namespace berth::worker
