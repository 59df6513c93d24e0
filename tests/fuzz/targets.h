#pragma once
#include <string_view>

// One fuzz target per parser or endpoint: targets/NAME.cc holds the function NAME. It may do with
// its input what it likes but crash, hang, leak, or say two different things of it.
namespace berth::fuzz {

#define BERTH_FOR_EACH_FUZZ_TARGET(DO) \
  DO(api_replies)                      \
  DO(cluster_objects)                  \
  DO(crd_objects)                      \
  DO(csv_traces)                       \
  DO(decision_logs)                    \
  DO(exec_credentials)                 \
  DO(extender_calls)                   \
  DO(extender_objects)                 \
  DO(fake_requests)                    \
  DO(grpc_requests)                    \
  DO(http2_frames)                     \
  DO(http_requests)                    \
  DO(inference_requests)               \
  DO(json_texts)                       \
  DO(kubeconfigs)                      \
  DO(manifests)                        \
  DO(model_signatures)                 \
  DO(pem_files)                        \
  DO(quantities)                       \
  DO(remembered_texts)                 \
  DO(times)                            \
  DO(watch_streams)                    \
  DO(worker_words)

#define BERTH_DECLARE_FUZZ_TARGET(NAME) void NAME(std::string_view input);
BERTH_FOR_EACH_FUZZ_TARGET(BERTH_DECLARE_FUZZ_TARGET)
#undef BERTH_DECLARE_FUZZ_TARGET

// Ends the process, saying `what`, unless `holds`: the input has shown a mistake of ours.
void require(bool holds, std::string_view what);

// Cuts off and returns what stands before the first `end`, or all of it.
std::string_view take_until(std::string_view& input, char end);

}  // namespace berth::fuzz
