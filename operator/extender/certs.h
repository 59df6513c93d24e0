#pragma once
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace berth::extender {

enum class CertsOutcome {
  Kept,           // everything was there and good for long enough
  RenewedLeaves,  // under the CA that was there, which peers already trust
  RenewedAll,     // a new CA: a peer that read the old one once must be restarted
};

inline constexpr char kClientName[] = "kube-scheduler";

// Sees to it that `dir` (made if need be, 0700) holds a CA and two pairs that it signed, for mutual
// TLS between kube-scheduler and the extender in one pod:
//
//   ca.crt ca.key          10 years, signs nothing but these
//   server.crt server.key  1 year, 127.0.0.1, ::1 and localhost
//   client.crt client.key  1 year, CN kube-scheduler
//
// Every file is 0600 and appears whole (written aside, then renamed). Idempotent: a pair is made
// anew when it is missing, does not belong together, or has less than a third of its life left.
// Errors: Invalid with the file's name when one cannot be written.
Result<CertsOutcome> ensure_certificates(const std::string& dir, Instant now);

}  // namespace berth::extender
