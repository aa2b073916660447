# Runs the command in the arguments after the first, which is its log, for as long as standard input stays open.
exec 3<&0
log=$1
shift
"$@" </dev/null 3<&- >>"$log" 2>&1 &
broker=$!
(read -r _ <&3; kill -9 "$broker") </dev/null >/dev/null 2>&1 &
reader=$!
echo "$broker"
exec >&-
wait "$broker" 2>/dev/null
status=$?
kill "$reader" 2>/dev/null
exit "$status"
