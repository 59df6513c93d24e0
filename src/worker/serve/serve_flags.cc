#include "worker/serve/serve_flags.h"

#include <CLI/CLI.hpp>
#include <limits>
#include <map>

namespace berth::worker {
namespace {

constexpr const char* kDescription =
    "Serves a TorchScript model by the Open Inference Protocol v2, REST and gRPC, with dynamic\n"
    "batching. /metrics and /healthz are on the REST port.\n";

constexpr const char* kFooter =
    "\nExamples:\n"
    "  berth-server --model model.pt --name digits\n"
    "  berth-server --model file:///models/digits --sha256 $(cut -c-64 model.pt.sha256) \\\n"
    "    --max-batch-size 64 --max-batch-delay-microseconds 500 --instances 2\n"
    "  curl -d "
    "'{\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"shape\":[1,64],\"data\":[0,...]}]}' "
    "\\\n"
    "    localhost:8080/v2/models/digits/infer\n"
    "  berth-server --model model.pt --batch-input questions --batch-output answers\n"
    "\nSIGTERM: not ready at once, answers for --drain-seconds more, then ends. With "
    "--batch-input:\n"
    "ends after the batch in hand; the next run goes on with the files that have no answers yet.\n"
    "Exit status: 0 done; 42 asked to stop a batch run; 64 the configuration, the model or an\n"
    "input cannot work; 1 anything else, worth another attempt.\n";

constexpr int64_t kMany = int64_t{1} << 40;

// The name that metrics, paths and logs show.
const CLI::Validator kPlainName(
    [](const std::string& text) {
      const bool is_plain = !text.empty() && text.size() <= 63 &&
                            text.find_first_not_of(
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                                "WXYZ0123456789._-") == std::string::npos;
      return is_plain ? "" : "want 1 to 63 letters, digits, '.', '_' and '-', got '" + text + "'";
    },
    "");

const CLI::Validator kDigest(
    [](const std::string& text) {
      const bool is_digest =
          text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
      return is_digest ? "" : "want 64 hexadecimal digits in lower case";
    },
    "");

template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& value, T least, T most,
                        const std::string& help) {
  return app.add_option(name, value, help)->check(CLI::Range(least, most))->capture_default_str();
}

void add_model_flags(CLI::App& app, ServeSettings& settings) {
  app.add_option("--model", settings.model,
                 "TorchScript archive: a path or file://, of the file or of a folder with model.pt")
      ->required()
      ->envname("BERTH_MODEL")
      ->type_name("URI");
  app.add_option("--sha256", settings.sha256, "digest of the archive; another one is not loaded")
      ->check(kDigest)
      ->envname("BERTH_MODEL_SHA256")
      ->type_name("HEX");
  app.add_option("--signature", settings.signature,
                 "inputs and outputs, for an archive that carries no signature.json")
      ->type_name("FILE");
  app.add_option("--name", settings.name, "name of the model in paths and metrics")
      ->check(kPlainName)
      ->envname("BERTH_MODEL_NAME")
      ->capture_default_str();
  app.add_option("--version", settings.version, "version of the model in paths and metrics")
      ->check(kPlainName)
      ->capture_default_str();
  app.add_option("--devices", settings.devices,
                 "acceptable devices, best first; what is used is in log, metadata and metrics")
      ->delimiter(',')
      ->transform(CLI::CheckedTransformer(std::map<std::string, DeviceChoice>{
          {"cpu", DeviceChoice::Cpu}, {"cuda", DeviceChoice::Cuda}}))
      ->default_str("cuda,cpu")
      ->type_name("cuda|cpu,...");
  app.add_flag("--as-scripted", settings.as_scripted,
               "on the CPU too, compute the model as it was scripted; else its weights are folded "
               "and laid out for oneDNN, if that gives the same outputs");
  add_number(app, "--instances", settings.instances, 1, 1024,
             "batches that are computed at a time; they share the weights");
  add_number(
      app, "--threads", settings.threads, 1, 1024,
      "CPU threads per instance, which wait for one another: more than one only on cores that "
      "nobody shares");
}

void add_batch_flags(CLI::App& app, ServeSettings& settings) {
  add_number<int64_t>(app, "--max-batch-size", settings.max_batch_size, 1, 65'536,
                      "rows that are computed together at most; a request has one or more")
      ->envname("BERTH_MAX_BATCH_SIZE");
  add_number<int64_t>(app, "--max-batch-delay-microseconds", settings.max_batch_delay_microseconds,
                      0, 10'000'000, "how long a request waits for others to share its batch")
      ->envname("BERTH_MAX_BATCH_DELAY_MICROSECONDS");
  add_number<int64_t>(app, "--max-queued-requests", settings.max_queued_requests, 1, 1'000'000,
                      "requests that wait at most; further ones are refused (503, "
                      "RESOURCE_EXHAUSTED)")
      ->envname("BERTH_MAX_QUEUED_REQUESTS");
  add_number<int64_t>(app, "--request-timeout-milliseconds", settings.request_timeout_milliseconds,
                      1, 3'600'000,
                      "how long a request may wait; later it is refused and not computed (504, "
                      "DEADLINE_EXCEEDED)")
      ->envname("BERTH_REQUEST_TIMEOUT_MILLISECONDS");
  add_number<int64_t>(app, "--memory-bytes", settings.memory_bytes, 1 << 16, kMany,
                      "bytes of all requests that are not answered yet; further ones are refused");
  add_number<int64_t>(app, "--max-request-bytes", settings.max_request_bytes, 1 << 10,
                      std::numeric_limits<int32_t>::max(),
                      "bytes of one request; a larger one is refused (413, RESOURCE_EXHAUSTED)");
}

void add_offline_flags(CLI::App& app, ServeSettings& settings) {
  auto* input = app.add_option("--batch-input", settings.batch_input,
                               "answer the *.jsonl of this folder, a request per line, and end")
                    ->type_name("DIR");
  auto* output = app.add_option("--batch-output", settings.batch_output,
                                "where the answers go, a file for each; those there are kept")
                     ->type_name("DIR");
  input->needs(output);
  output->needs(input);
}

void add_server_flags(CLI::App& app, ServeSettings& settings) {
  app.add_option("--address", settings.address, "numeric address to listen on; :: is every one")
      ->capture_default_str();
  app.add_option("--http-port", settings.http_port, "port of REST; 0 takes a free one")
      ->capture_default_str();
  app.add_option("--grpc-port", settings.grpc_port, "port of gRPC; 0 takes a free one")
      ->capture_default_str();
  add_number(app, "--http-threads", settings.http_threads, 1, 256,
             "threads that read and write REST");
  app.add_option_function<int64_t>(
         "--drain-seconds",
         [&settings](int64_t seconds) { settings.drain = std::chrono::seconds(seconds); },
         "how long to go on answering after SIGTERM, until nobody sends any more")
      ->check(CLI::Range(int64_t{0}, int64_t{3600}))
      ->default_str(std::to_string(settings.drain.count()));
  add_number<int64_t>(app, "--slo-milliseconds", settings.slo_milliseconds, 0, 3'600'000,
                      "a further bound of the histogram of durations, so that the share of "
                      "requests within an objective is exact; 0 is none")
      ->envname("BERTH_SLO_MILLISECONDS");
  app.add_option("--termination-log", settings.termination_log,
                 "where the last word goes when it ends badly, one JSON object")
      ->capture_default_str()
      ->type_name("FILE");
}

// CLI11 spreads some messages over lines; a log line and a termination message want one.
std::string in_one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

Result<ParsedServeFlags> parse_serve_flags(int argc, const char* const* argv) {
  ParsedServeFlags parsed;
  ServeSettings& settings = parsed.settings;
  CLI::App app{kDescription, "berth-server"};
  app.footer(kFooter);
  add_model_flags(app, settings);
  add_batch_flags(app, settings);
  add_server_flags(app, settings);
  add_offline_flags(app, settings);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    parsed.help = app.help();
    return parsed;
  } catch (const CLI::ParseError& error) {
    return Error{Code::Invalid, in_one_line(error.what()) + "; try --help"};
  }
  if (settings.max_request_bytes > settings.memory_bytes) {
    return Error{Code::Invalid, "--max-request-bytes: want at most --memory-bytes (" +
                                    std::to_string(settings.memory_bytes) + ")"};
  }
  return parsed;
}

}  // namespace berth::worker
