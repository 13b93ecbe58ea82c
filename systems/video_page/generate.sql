-- Fills the legacy database: skewed users and videos, and the dirt of a real one. Same scale and seed, same rows.
--
--   psql -v ON_ERROR_STOP=1 -v scale=1.0 -v seed=42 -f generate.sql     (both variables may be left out; not with -1)
--
-- Run it as a superuser on an empty database made by legacy.sql, or by legacy.sql and environment.sql.
--
-- Rows at scale s: 20,000 s users (at least 200), 200 s courses (at least 10), 20 videos a course,
-- 450,000 s quiz attempts, 400,000 s reflections. User 1 is the most active; activity falls off with a power law. The last
-- users teach. Time ends at 2025-09-21 00:00 UTC and reaches back two years.
--
-- Dirt. "n" is the running number of a row, 1 being the oldest, so each count follows from the number of rows.
--   quiz_attempts, by n % 2000
--     0..7      0.40 %  the video does not exist
--     8..11     0.20 %  the course does not exist
--     12        0.05 %  ids that are no uuids (also n = 1, 2, 3); by n % 3:
--                       0: video 'intro-1'; 1: video and course 'undefined'; 2: course ''
--     20..29    0.50 %  video and course id in upper case
--     30..39    0.50 %  video and course id between blanks
--     100..107  0.40 %  stored percentage differs from the answers
--     108..113  0.30 %  stored score and percentage differ from the answers
--   reflections, by n % 1000
--     0..49     5.00 %  no course, but the video knows it
--     50..54    0.50 %  no video, but a course: cannot be filled
--     55..57    0.30 %  neither
--   reflections, by type: n % 13 is 0..5 voice, 6..7 screenshot, 8..9 loom, 10..12 text
--     voice and n <= 35 %     metadata as lines in reflection_text, structured columns null; of those
--       n % 331 = 0 or n in (13, 14)   0.30 %  one of the lines does not parse; by n % 3:
--                       0: 'File URL:' without an address; 1: 'Duration: twelve seconds'; 2: 'Video Timestamp: start'
--     voice and n > 35 %      4 % without file, 3 % with duration 0: uploads that failed
--   videos
--     n % 100 = 7  1.00 %  the display text of the duration differs from the seconds
--   Last, 69 % of the quiz attempts and 62 % of the reflections are updated and the tables vacuumed: the files keep that room.

\if :{?scale} \else \set scale 1.0 \endif
\if :{?seed} \else \set seed 42 \endif

SET timezone = 'UTC';
SET client_min_messages = warning;
SET synchronous_commit = off;
SET work_mem = '64MB';

SELECT greatest(200, round(20000 * :scale)::int) AS users,
       greatest(10, round(200 * :scale)::int) AS courses,
       greatest(500, round(450000 * :scale)::int) AS attempts,
       greatest(500, round(400000 * :scale)::int) AS reflections,
       20 AS videos_a_course,
       pg_get_constraintdef(oid) LIKE '%understanding%' AS older_types
FROM pg_constraint
WHERE conname = 'reflections_reflection_type_check' \gset

-- A number in [0, 1) that depends on nothing but the row's number, the seed and the column's channel.
CREATE FUNCTION pg_temp.draw(n bigint, seed int, channel int) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(n, seed * 1000::bigint + channel) & 9007199254740991)::double precision / 9007199254740992;

CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5(kind || ' ' || n)::uuid;

CREATE FUNCTION pg_temp.pick(choices text[], draw double precision) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN choices[1 + floor(draw * cardinality(choices))::int];

CREATE FUNCTION pg_temp.moment(n bigint, of_rows bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '2025-09-21 00:00:00+00'::timestamptz - (of_rows - n) * (interval '730 days' / of_rows);

-- Which user acts in row n, in which course of theirs, on which video: powers make the skew.
CREATE FUNCTION pg_temp.act(n bigint, seed int, users int, courses int, videos int, OUT student int, OUT video int)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT who.student,
           floor(courses * pg_temp.draw(
               who.student * 100 + floor(pg_temp.draw(n, seed, 2) * who.enrolments)::int, seed, 3) ^ 1.5)::int * videos
               + 1 + floor(videos * pg_temp.draw(n, seed, 4) ^ 1.3)::int
    FROM (SELECT active.student,
                 1 + floor(20 * (1 - (active.student / users::float) ^ 0.1))::int AS enrolments
          FROM (SELECT 1 + floor(users * pg_temp.draw(n, seed, 1) ^ 2.2)::int AS student) AS active) AS who
$$;

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------
-- People, courses, videos

INSERT INTO auth.users (id, email, created_at)
SELECT pg_temp.id('user', n), 'user' || n || '@example.org', pg_temp.moment(1, 2) - pg_temp.draw(n, :seed, 10) * interval '365 days'
FROM generate_series(1, :users) AS n;

INSERT INTO public.courses (id, instructor_id, title, description, is_published, created_at, updated_at)
SELECT pg_temp.id('course', n),
       pg_temp.id('user', :users - n / 4),
       pg_temp.pick('{Drawing,Negotiation,Photography,Statistics,Cooking,Songwriting,Public speaking,Joinery}',
                    pg_temp.draw(n, :seed, 20)) || ' ' || n,
       'What you need to know, in ' || :videos_a_course || ' videos.',
       n % 25 <> 0,
       pg_temp.moment(1, 2),
       pg_temp.moment(1, 2)
FROM generate_series(1, :courses) AS n;

INSERT INTO public.videos (
    id, course_id, chapter_id, title, description, duration, duration_seconds, video_url, thumbnail_url, filename, file_size,
    status, progress, backblaze_file_id, backblaze_url, bunny_url, "order", created_at, updated_at)
SELECT id,
       pg_temp.id('course', (n - 1) / :videos_a_course + 1),
       'chapter-' || place / 5 + 1,
       'Lesson ' || place + 1,
       'Watch, answer, reflect.',
       shown / 60 || ':' || lpad((shown % 60)::text, 2, '0'),
       seconds,
       'https://cdn.example.org/' || id || '/playlist.m3u8',
       'https://cdn.example.org/' || id || '/thumbnail.jpg',
       'lesson-' || n || '.mp4',
       seconds * 250000::bigint,
       CASE WHEN n % 40 = 0 THEN 'processing' ELSE 'complete' END,
       CASE WHEN n % 40 = 0 THEN 60 ELSE 100 END,
       '4_z' || md5(id::text),
       'https://f005.example.org/file/course-media/' || id || '.mp4',
       'https://video.example.org/' || id,
       place,
       pg_temp.moment(1, 2),
       pg_temp.moment(1, 2)
FROM (SELECT n, (n - 1) % :videos_a_course AS place, pg_temp.id('video', n) AS id, seconds,
             CASE WHEN n % 100 = 7 THEN seconds + 75 ELSE seconds END AS shown
      FROM generate_series(1, :courses * :videos_a_course) AS n,
           LATERAL (SELECT 120 + floor(1500 * pg_temp.draw(n, :seed, 30))::int AS seconds) AS length) AS video;

-- ---------------------------------------------------------------------------------------------------------------
-- Quizzes: three for each video, of three to six questions; an attempt answers one of them.

CREATE TEMPORARY TABLE quiz ON COMMIT DROP AS
SELECT video, variant, asked_at,
       jsonb_agg(jsonb_build_object('id', 'q' || q, 'question', question, 'options', options, 'correct', correct) ORDER BY q)
           AS questions,
       array_agg(correct ORDER BY q) AS key
FROM generate_series(1, :courses * :videos_a_course) AS video,
     generate_series(0, 2) AS variant,
     LATERAL (SELECT round((30 + 90 * variant + 60 * pg_temp.draw(video * 3 + variant, :seed, 40))::numeric, 2) AS asked_at,
                     3 + floor(4 * pg_temp.draw(video * 3 + variant, :seed, 41) ^ 2)::int AS size) AS quiz,
     LATERAL generate_series(1, size) AS q,
     LATERAL (SELECT ((video * 3 + variant) * 10 + q)::bigint AS n) AS numbered,
     LATERAL (SELECT 'Which ' || pg_temp.pick('{step,rule,tool,term,habit}', pg_temp.draw(n, :seed, 42))
                         || ' matters most ' || pg_temp.pick('{at first,in a hurry,for a group,in the end}', pg_temp.draw(n, :seed, 43))
                         || '?' AS question,
                     jsonb_build_array(
                         pg_temp.pick('{Plan,Measure,Observe,Outline}', pg_temp.draw(n, :seed, 44)),
                         pg_temp.pick('{Practise,Repeat,Compare,Rehearse}', pg_temp.draw(n, :seed, 45)),
                         pg_temp.pick('{Ask,Listen,Discuss,Explain}', pg_temp.draw(n, :seed, 46)),
                         pg_temp.pick('{Rest,Review,Revise,Reflect}', pg_temp.draw(n, :seed, 47))) AS options,
                     floor(4 * pg_temp.draw(n, :seed, 48))::int AS correct) AS content
GROUP BY video, variant, asked_at;

ANALYZE quiz;

-- ---------------------------------------------------------------------------------------------------------------
-- Quiz attempts: three of four answers are right, one in twenty-five is missing.

CREATE TEMPORARY VIEW attempt AS
SELECT n, student, video, floor(3 * pg_temp.draw(n, :seed, 50))::int AS variant
FROM generate_series(1, :attempts) AS n, pg_temp.act(n, :seed, :users, :courses, :videos_a_course);

INSERT INTO public.quiz_attempts (
    id, user_id, video_id, course_id, video_timestamp, questions, user_answers, score, total_questions, percentage,
    quiz_duration_seconds, created_at, updated_at)
SELECT pg_temp.id('attempt', n),
       pg_temp.id('user', student),
       CASE WHEN not_uuid THEN (ARRAY['intro-1', 'undefined', video_id])[n % 3 + 1]
            WHEN dirt <= 7 THEN pg_temp.id('deleted video', n % 37)::text
            WHEN dirt BETWEEN 20 AND 29 THEN upper(video_id)
            WHEN dirt BETWEEN 30 AND 39 THEN ' ' || video_id || ' '
            ELSE video_id END,
       CASE WHEN not_uuid THEN (ARRAY[course_id, 'undefined', ''])[n % 3 + 1]
            WHEN dirt BETWEEN 8 AND 11 THEN pg_temp.id('deleted course', n % 7)::text
            WHEN dirt BETWEEN 20 AND 29 THEN upper(course_id)
            WHEN dirt BETWEEN 30 AND 39 THEN ' ' || course_id || ' '
            ELSE course_id END,
       asked_at,
       questions,
       answers,
       stored_score,
       total,
       CASE WHEN dirt NOT BETWEEN 100 AND 107 THEN round(100.0 * stored_score / total, 2)
            WHEN right_answers * 2 >= total THEN round(100.0 * right_answers / total, 2) - 12.5
            ELSE round(100.0 * right_answers / total, 2) + 12.5 END,
       10 + floor(170 * pg_temp.draw(n, :seed, 51))::int,
       created_at,
       created_at
FROM (SELECT attempt.*, asked_at, questions, answers, right_answers, cardinality(key) AS total,
             n % 2000 AS dirt,
             n <= 3 OR n % 2000 = 12 AS not_uuid,
             pg_temp.id('video', video)::text AS video_id,
             pg_temp.id('course', (video - 1) / :videos_a_course + 1)::text AS course_id,
             CASE WHEN n % 2000 NOT BETWEEN 108 AND 113 THEN right_answers
                  WHEN right_answers > 0 THEN right_answers - 1
                  ELSE 1 END AS stored_score,
             pg_temp.moment(n, :attempts) AS created_at
      FROM attempt
      JOIN quiz USING (video, variant),
           LATERAL (SELECT jsonb_agg(answer ORDER BY q) AS answers,
                           (count(*) FILTER (WHERE answer = right_one))::int AS right_answers
                    FROM unnest(key) WITH ORDINALITY AS question (right_one, q),
                         LATERAL (SELECT pg_temp.draw(n * 10 + q, :seed, 52) AS luck) AS drawn,
                         LATERAL (SELECT CASE WHEN luck < 0.75 THEN right_one
                                              WHEN luck < 0.96 THEN (right_one + 1 + floor((luck - 0.75) / 0.07)::int) % 4
                                         END AS answer) AS given) AS answered
      ORDER BY n) AS dirty;

-- ---------------------------------------------------------------------------------------------------------------
-- Reflections

CREATE TEMPORARY VIEW reflection AS
SELECT n, student, video, type, old_voice,
       old_voice AND (n % 331 = 0 OR n IN (13, 14)) AS unreadable,
       round((3 + 117 * pg_temp.draw(n, :seed, 60))::numeric, 1) AS seconds,
       round((1400 * pg_temp.draw(n, :seed, 61))::numeric, 2) AS video_second,
       'https://f005.example.org/file/course-media/reflections/' || md5('file ' || n) || '/'
           || (ARRAY['recording.webm', 'capture.png', 'session.mp4', 'note.txt'])[type] AS file,
       pg_temp.pick('{"This part changed how I prepare my own work, and I have already told two colleagues about it.",
                      "I would like to see a second example of the last step, because mine came out quite different from the one shown.",
                      "I tried it with my group; it took longer than in the video, but in the end everyone could follow the idea.",
                      "The summary helped. I still mix up the first two terms and will watch this part once more tomorrow evening."}',
                    pg_temp.draw(n, :seed, 62)) || ' ' ||
       pg_temp.pick('{"What surprised me is how little preparation was needed once the order of the steps was clear to all of us.",
                      "My first attempt failed at the third step since I had skipped the measurement; with it the result was fine.",
                      "I am not sure how this holds when there is less time, and I would be glad about a hint in the next lesson.",
                      "At work we do it the other way round, so I wrote down both orders and compared them side by side."}',
                    pg_temp.draw(n, :seed, 65)) || ' ' ||
       pg_temp.pick('{"Next week I will repeat it with a smaller piece and note where I hesitate.",
                      "The question in the middle of the video made me stop and think, which I found good.",
                      "Please leave the slides up a little longer."}', pg_temp.draw(n, :seed, 66)) AS said
FROM generate_series(1, :reflections) AS n,
     pg_temp.act(n + 1000000000, :seed, :users, :courses, :videos_a_course),
     LATERAL (SELECT CASE WHEN n % 13 <= 5 THEN 1 WHEN n % 13 <= 7 THEN 2 WHEN n % 13 <= 9 THEN 3 ELSE 4 END AS type) AS kind,
     LATERAL (SELECT type = 1 AND n <= :reflections * 0.35 AS old_voice) AS age;

INSERT INTO public.reflections (
    id, user_id, course_id, video_id, reflection_prompt, reflection_text, reflection_type, file_url, duration_seconds,
    video_timestamp_seconds, created_at, updated_at)
SELECT pg_temp.id('reflection', n),
       pg_temp.id('user', student),
       CASE WHEN n % 1000 NOT BETWEEN 0 AND 49 AND n % 1000 NOT BETWEEN 55 AND 57
            THEN pg_temp.id('course', (video - 1) / :videos_a_course + 1) END,
       CASE WHEN n % 1000 NOT BETWEEN 50 AND 57 THEN pg_temp.id('video', video) END,
       pg_temp.pick('{"What did you take from this part?","Where will you use it?","What is still unclear?"}',
                    pg_temp.draw(n, :seed, 63)),
       CASE WHEN NOT old_voice THEN said
            ELSE (ARRAY[said || E'\n' || metadata, metadata || E'\n' || said, E'Voice memo\n' || metadata || E'\n\n' || said])
                 [1 + n % 3] END,
       CASE WHEN :'older_types' THEN (ARRAY['understanding', 'application', 'confusion', 'insight', 'feedback'])[n % 5 + 1]
            ELSE (ARRAY['voice', 'screenshot', 'loom', 'text'])[type] END,
       CASE WHEN has_columns AND NOT (type = 1 AND failure < 0.04) THEN file END,
       CASE WHEN NOT has_columns OR type = 2 THEN NULL
            WHEN type = 1 AND failure BETWEEN 0.04 AND 0.07 THEN 0
            ELSE seconds END,
       CASE WHEN has_columns THEN video_second END,
       created_at,
       created_at
FROM (SELECT reflection.*,
             type <> 4 AND NOT old_voice AS has_columns,
             pg_temp.draw(n, :seed, 64) AS failure,
             pg_temp.moment(n, :reflections) AS created_at,
             CASE WHEN unreadable AND n % 3 = 0 THEN 'File URL: ' ELSE 'File URL: ' || file END
                 || E'\n' || CASE WHEN unreadable AND n % 3 = 1 THEN 'Duration: twelve seconds'
                                  ELSE 'Duration: ' || trim_scale(seconds) || 's' END
                 || E'\n' || CASE WHEN unreadable AND n % 3 = 2 THEN 'Video Timestamp: start'
                                  ELSE 'Video Timestamp: ' || trim_scale(video_second) || 's' END AS metadata
      FROM reflection
      ORDER BY n) AS dated;

COMMIT;

-- ---------------------------------------------------------------------------------------------------------------
-- Age the tables: instructors answer a third of the reflections, other rows are touched. The room stays in the files.

UPDATE public.quiz_attempts
SET updated_at = created_at + interval '1 hour'
WHERE id < 'b0000000-0000-0000-0000-000000000000';

UPDATE public.reflections
SET instructor_response = 'Thank you. Look at the example in the next video, then write me what you would change.',
    instructor_responded_at = created_at + interval '2 days',
    updated_at = created_at + interval '2 days'
WHERE id < '50000000-0000-0000-0000-000000000000';

UPDATE public.reflections
SET updated_at = created_at + interval '1 hour'
WHERE id >= 'b0000000-0000-0000-0000-000000000000';

VACUUM (ANALYZE) auth.users, public.courses, public.videos, public.quiz_attempts, public.reflections;
