#!/bin/sh
# Slurm Epilog (slurm.conf: Epilog=/etc/slurm/epilog.d/jevons.sh): end the measurement that the prolog began.
# The journal is closed by SIGTERM; `jevons recover` closes what a node that went down left open.

run_dir="${JEVONS_RUN_DIR:-/run/jevons}"
pid_file="${run_dir}/${SLURM_JOB_ID}.pid"
[ -n "${SLURM_JOB_ID}" ] && [ -r "${pid_file}" ] || exit 0
pid="$(cat "${pid_file}")"
rm -f "${pid_file}"
if tr '\0' ' ' <"/proc/${pid}/cmdline" 2>/dev/null | grep -q jevons.integrations.agent; then
  kill -TERM "${pid}"
fi
exit 0
