import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.ZoneId;
import java.util.Date;
import java.util.StringJoiner;
import java.util.TimeZone;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.quartz.CronExpression;

/**
 * Prints the ticks that Quartz finds: the oracle for cron expressions of 6 and 7 fields.
 *
 * <p>Each line of standard input is an expression, a zone, a start (Unix seconds) and how many ticks are wanted, with
 * tabs between. The answer is one line: the ticks after the start as Unix seconds, with blanks between; fewer where no
 * more are found. Else it is "refused: " and why, or "timeout". The zones are those of the JDK, so where the expression
 * is the word "changes" the answer is the instants from the start to the last number at which the zone's offset changes.
 */
public final class QuartzOracle {
    private static final long LIMIT_SECONDS = 10;
    private static final long PROBE_SECONDS = 12 * 3600;

    private static ExecutorService worker = newWorker();

    private QuartzOracle() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintWriter out =
                new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8)));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(answerInTime(line.split("\t")));
        }
        out.flush();
    }

    private static String answerInTime(String[] fields) throws InterruptedException {
        Future<String> answer = worker.submit(() -> answer(fields));
        try {
            return answer.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException failure) {
            return "refused: " + failure.getCause();
        } catch (TimeoutException late) {
            worker = newWorker();
            return "timeout";
        }
    }

    private static String answer(String[] fields) throws ParseException {
        long start = Long.parseLong(fields[2]);
        long number = Long.parseLong(fields[3]);
        return fields[0].equals("changes")
                ? changes(fields[1], start, number)
                : ticks(fields[0], fields[1], start, number);
    }

    private static String ticks(String text, String zone, long start, long count) throws ParseException {
        CronExpression expression = new CronExpression(text);
        expression.setTimeZone(TimeZone.getTimeZone(ZoneId.of(zone)));
        StringJoiner found = new StringJoiner(" ");
        Date at = new Date(start * 1000);
        for (long n = 0; n < count; n++) {
            at = expression.getTimeAfter(at);
            if (at == null) {
                break;
            }
            found.add(Long.toString(at.getTime() / 1000));
        }
        return found.toString();
    }

    /** Probes the very TimeZone that Quartz uses: it does not always follow the rules of java.time. */
    private static String changes(String name, long from, long to) {
        TimeZone zone = TimeZone.getTimeZone(ZoneId.of(name));
        StringJoiner found = new StringJoiner(" ");
        for (long before = from - 1; before < to; before += PROBE_SECONDS) {
            long low = before;
            long high = Math.min(before + PROBE_SECONDS, to);
            if (offset(zone, low) == offset(zone, high)) {
                continue;
            }
            while (high - low > 1) {
                long middle = (low + high) / 2;
                if (offset(zone, middle) == offset(zone, before)) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            found.add(Long.toString(high));
        }
        return found.toString();
    }

    private static int offset(TimeZone zone, long second) {
        return zone.getOffset(second * 1000);
    }

    private static ExecutorService newWorker() {
        return Executors.newSingleThreadExecutor(
                task -> {
                    Thread thread = new Thread(task);
                    thread.setDaemon(true);
                    return thread;
                });
    }
}
