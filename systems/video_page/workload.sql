-- The application's own queries, before and after its release for the refitted database.
--
-- Header lines above each statement:
--   name           unique
--   weight         calls, relative to the others
--   group          page (a page load issues all of these), dashboard, write
--   version        before, after, both: which release of the application issues it
--   replaces       on an after query: the before query that it stands in for
--   parameters     one query whose rows are values for $1, $2, …; it runs on both schemas and gives the same rows on both,
--                  drawn from what people did, so that active users and popular videos come up more often
--   application-filter  on a query that fetches too much: the predicate, over its result and parameters, that the application
--                  then applies itself
--   same-result    yes: a before query and its after query return the same rows, but for rows in quarantine
--
-- Tables are found by the search path. Page load i issues the queries of group page with row i of their parameters: the same user and
-- video, or the course of that video.

-- =============================================================================================================
-- The page

-- The page's data in one join; with the queries that follow it makes up the page load of 500 to 800 ms.
-- name: page_data
-- weight: 30
-- group: page
-- version: before
-- parameters: SELECT user_id::text, video_id::text FROM reflections WHERE video_id IS NOT NULL ORDER BY md5(id::text) LIMIT 200
-- same-result: yes
SELECT r.id, r.reflection_type, r.reflection_prompt, r.instructor_response, r.created_at,
       qa.id AS attempt_id, qa.video_timestamp, qa.questions, qa.user_answers, qa.created_at AS attempted_at
FROM reflections r
LEFT JOIN quiz_attempts qa ON qa.user_id = r.user_id AND lower(trim(qa.video_id)) = r.video_id::text
WHERE r.user_id = $1::uuid AND r.video_id = $2::uuid;

-- name: page_data_typed
-- weight: 30
-- group: page
-- version: after
-- replaces: page_data
-- parameters: SELECT user_id::text, video_id::text FROM reflections WHERE video_id IS NOT NULL ORDER BY md5(id::text) LIMIT 200
-- same-result: yes
SELECT r.id, r.reflection_type, r.reflection_prompt, r.instructor_response, r.created_at,
       qa.id AS attempt_id, qa.video_timestamp, qa.questions, qa.user_answers, qa.created_at AS attempted_at
FROM reflections r
LEFT JOIN quiz_attempts qa ON qa.user_id = r.user_id AND qa.video_id = r.video_id
WHERE r.user_id = $1::uuid AND r.video_id = $2::uuid;

-- The voice memos, "200 to 300 ms": since a reflection may lack its course or its video, the application asks for everything of
-- the user, the video and the course, and keeps the playable voice memos of its user on its video. Old memos keep their file in the
-- text, so the later release finds more.
-- name: voice_memos
-- weight: 30
-- group: page
-- version: before
-- parameters: SELECT r.user_id::text, r.video_id::text, v.course_id::text FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
-- application-filter: on_page AND reflection_type = 'voice' AND file_url IS NOT NULL AND duration_seconds > 0
SELECT r.*, r.user_id = $1::uuid AND r.video_id = $2::uuid AS on_page
FROM reflections r
WHERE r.user_id = $1::uuid OR r.video_id = $2::uuid OR r.course_id = $3::uuid
ORDER BY r.created_at DESC;

-- name: voice_memos_filtered
-- weight: 30
-- group: page
-- version: after
-- replaces: voice_memos
-- parameters: SELECT user_id::text, video_id::text FROM reflections WHERE video_id IS NOT NULL ORDER BY md5(id::text) LIMIT 200
SELECT r.id, r.course_id, r.reflection_prompt, r.reflection_text, r.file_url, r.duration_seconds, r.video_timestamp_seconds,
       r.instructor_response, r.instructor_responded_at, r.created_at
FROM reflections r
WHERE r.user_id = $1::uuid AND r.video_id = $2::uuid
  AND r.reflection_type = 'voice' AND r.file_url IS NOT NULL AND r.duration_seconds > 0
ORDER BY r.created_at DESC;

-- The quiz attempts, "150 to 250 ms" for want of a typed, indexed video id.
-- name: quiz_attempts_of_video
-- weight: 30
-- group: page
-- version: before
-- parameters: SELECT user_id::text, video_id::text FROM reflections WHERE video_id IS NOT NULL ORDER BY md5(id::text) LIMIT 200
-- same-result: yes
SELECT id, video_timestamp, questions, user_answers, quiz_duration_seconds, created_at
FROM quiz_attempts
WHERE user_id = $1::uuid AND lower(trim(video_id)) = $2::text
ORDER BY created_at DESC;

-- name: quiz_attempts_of_video_typed
-- weight: 30
-- group: page
-- version: after
-- replaces: quiz_attempts_of_video
-- parameters: SELECT user_id::text, video_id::text FROM reflections WHERE video_id IS NOT NULL ORDER BY md5(id::text) LIMIT 200
-- same-result: yes
SELECT id, video_timestamp, questions, user_answers, quiz_duration_seconds, created_at
FROM quiz_attempts
WHERE user_id = $1::uuid AND video_id = $2::uuid
ORDER BY created_at DESC;

-- The user's last activities in the course of the video: part of the page load of 500 to 800 ms.
-- name: activity_feed
-- weight: 30
-- group: page
-- version: before
-- parameters: SELECT r.user_id::text, v.course_id::text FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
SELECT 'reflection' AS activity_type, id, video_id::text AS video_id, reflection_type, file_url, duration_seconds,
       video_timestamp_seconds, created_at
FROM reflections
WHERE user_id = $1::uuid AND course_id = $2::uuid AND reflection_type = 'voice' AND file_url IS NOT NULL
UNION ALL
SELECT 'quiz', id, video_id, 'quiz', NULL, quiz_duration_seconds, video_timestamp, created_at
FROM quiz_attempts
WHERE user_id = $1::uuid AND lower(trim(course_id)) = $2::text
ORDER BY created_at DESC
LIMIT 20;

-- name: activity_feed_read_model
-- weight: 30
-- group: page
-- version: after
-- replaces: activity_feed
-- parameters: SELECT r.user_id::text, v.course_id::text FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
SELECT activity_type, id, video_id::text AS video_id, reflection_type, file_url, duration_seconds, video_timestamp_seconds,
       created_at
FROM video_page_activity
WHERE user_id = $1::uuid AND course_id = $2::uuid
ORDER BY created_at DESC
LIMIT 20;

-- The course's table of contents beside the player.
-- name: videos_of_course
-- weight: 30
-- group: page
-- version: both
-- parameters: SELECT v.course_id::text FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
-- same-result: yes
SELECT id, chapter_id, title, duration, duration_seconds, thumbnail_url, bunny_url, status, progress, "order"
FROM videos
WHERE course_id = $1::uuid
ORDER BY chapter_id, "order";

-- The user's progress in the course, drawn above the table of contents: part of the page load of 500 to 800 ms. The two differ where
-- the stored percentage or score is wrong.
-- name: course_progress
-- weight: 30
-- group: page
-- version: before
-- parameters: SELECT r.user_id::text, v.course_id::text FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
SELECT lower(trim(video_id)) AS video_id, count(*) AS attempts, round(avg(percentage), 2) AS average, max(score) AS best_score
FROM quiz_attempts
WHERE user_id = $1::uuid AND lower(trim(course_id)) = $2::text
GROUP BY 1
ORDER BY 1;

-- name: course_progress_computed
-- weight: 30
-- group: page
-- version: after
-- replaces: course_progress
-- parameters: SELECT r.user_id::text, v.course_id::text FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
SELECT video_id::text AS video_id, count(*) AS attempts, round(avg(percentage), 2) AS average, max(score) AS best_score
FROM quiz_attempts_scored
WHERE user_id = $1::uuid AND course_id = $2::uuid
GROUP BY 1
ORDER BY 1;

-- =============================================================================================================
-- Dashboards

-- What an instructor still has to answer. Reflections whose course is filled in by the refit appear only after it.
-- name: instructor_unanswered
-- weight: 2
-- group: dashboard
-- version: both
-- parameters: SELECT c.instructor_id::text FROM reflections r JOIN videos v ON v.id = r.video_id JOIN courses c ON c.id = v.course_id WHERE c.instructor_id IS NOT NULL ORDER BY md5(r.id::text) LIMIT 200
SELECT r.id, r.user_id, r.video_id, r.reflection_type, r.reflection_prompt, r.created_at
FROM reflections r
JOIN courses c ON c.id = r.course_id
WHERE c.instructor_id = $1::uuid AND r.instructor_response IS NULL
ORDER BY r.created_at
LIMIT 50;

-- =============================================================================================================
-- Writes

-- name: record_quiz_attempt
-- weight: 6
-- group: write
-- version: before
-- parameters: SELECT r.user_id::text, v.id::text, v.course_id::text, 42.5, '[{"id": "q1", "question": "Which step matters most at first?", "options": ["Plan", "Repeat", "Ask", "Rest"], "correct": 1}, {"id": "q2", "question": "Which tool matters most in a hurry?", "options": ["Measure", "Compare", "Listen", "Review"], "correct": 0}]', '[1, null]', 1, 2, 50.00, 35 FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
INSERT INTO quiz_attempts (
    user_id, video_id, course_id, video_timestamp, questions, user_answers, score, total_questions, percentage,
    quiz_duration_seconds)
VALUES ($1::uuid, $2::text, $3::text, $4::numeric, $5::jsonb, $6::jsonb, $7::integer, $8::integer, $9::numeric, $10::integer)
RETURNING id;

-- name: record_quiz_attempt_typed
-- weight: 6
-- group: write
-- version: after
-- replaces: record_quiz_attempt
-- parameters: SELECT r.user_id::text, v.id::text, v.course_id::text, 42.5, '[{"id": "q1", "question": "Which step matters most at first?", "options": ["Plan", "Repeat", "Ask", "Rest"], "correct": 1}, {"id": "q2", "question": "Which tool matters most in a hurry?", "options": ["Measure", "Compare", "Listen", "Review"], "correct": 0}]', '[1, null]', 35 FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
INSERT INTO quiz_attempts (user_id, video_id, course_id, video_timestamp, questions, user_answers, quiz_duration_seconds)
VALUES ($1::uuid, $2::uuid, $3::uuid, $4::numeric, $5::jsonb, $6::jsonb, $7::integer)
RETURNING id;

-- name: write_voice_memo
-- weight: 3
-- group: write
-- version: before
-- parameters: SELECT r.user_id::text, v.course_id::text, v.id::text, E'Voice memo\nFile URL: https://f005.example.org/file/course-media/reflections/' || md5(r.id::text) || E'/recording.webm\nDuration: 12.5s\nVideo Timestamp: 83.25s\nShort and clear.' FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
INSERT INTO reflections (user_id, course_id, video_id, reflection_prompt, reflection_text, reflection_type)
VALUES ($1::uuid, $2::uuid, $3::uuid, 'What did you take from this part?', $4::text, 'voice')
RETURNING id;

-- name: write_voice_memo_structured
-- weight: 3
-- group: write
-- version: after
-- replaces: write_voice_memo
-- parameters: SELECT r.user_id::text, v.course_id::text, v.id::text, 'https://f005.example.org/file/course-media/reflections/' || md5(r.id::text) || '/recording.webm', 12.5, 83.25 FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
INSERT INTO reflections (
    user_id, course_id, video_id, reflection_prompt, reflection_text, reflection_type, file_url, duration_seconds,
    video_timestamp_seconds)
VALUES ($1::uuid, $2::uuid, $3::uuid, 'What did you take from this part?', 'Short and clear.', 'voice', $4::text, $5::numeric,
        $6::numeric)
RETURNING id;

-- name: write_screenshot
-- weight: 2
-- group: write
-- version: both
-- parameters: SELECT r.user_id::text, v.course_id::text, v.id::text, 'https://f005.example.org/file/course-media/reflections/' || md5(r.id::text) || '/capture.png', 83.25 FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
INSERT INTO reflections (
    user_id, course_id, video_id, reflection_prompt, reflection_text, reflection_type, file_url, video_timestamp_seconds)
VALUES ($1::uuid, $2::uuid, $3::uuid, 'Where will you use it?', 'See the picture.', 'screenshot', $4::text, $5::numeric)
RETURNING id;

-- name: answer_reflection
-- weight: 2
-- group: write
-- version: both
-- parameters: SELECT r.id::text, 'Thank you. Which part was the hardest?' FROM reflections r JOIN videos v ON v.id = r.video_id ORDER BY md5(r.id::text) LIMIT 200
UPDATE reflections
SET instructor_response = $2::text, instructor_responded_at = now(), updated_at = now()
WHERE id = $1::uuid;
