<?php
// php search.php "ใครใช้ MOU กับโรงพยาบาล"    or as a page of your site: search.php?q=…
// PHP 8.0 or newer, no extensions. The key stays on your server: make one without --origin.

$endpoint = getenv('KARANI_ENDPOINT') ?: 'https://karani.example';
$key = getenv('KARANI_KEY') ?: 'krn_YOUR_KEY';
$question = PHP_SAPI === 'cli' ? ($argv[1] ?? '') : ($_GET['q'] ?? '');

function karani_search(string $endpoint, string $key, string $question): array
{
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => "Content-Type: application/json\r\nX-API-Key: $key\r\n",
        'content' => json_encode(['q' => $question, 'k' => 3], JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR),
        'timeout' => 10,
        'ignore_errors' => true, // problems come as JSON and say what to do
    ]]);
    $body = @file_get_contents("$endpoint/v1/search", false, $context);
    if ($body === false) {
        throw new RuntimeException('ติดต่อระบบค้นหาไม่ได้ / the search service cannot be reached');
    }
    $found = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
    if (!isset($found['hits'])) {
        throw new RuntimeException($found['detail'] ?? 'unexpected answer');
    }
    return $found;
}

// Every text goes through this before it becomes part of a page.
function h(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

try {
    $found = karani_search($endpoint, $key, $question);
} catch (Exception $error) {
    if (PHP_SAPI === 'cli') {
        fwrite(STDERR, $error->getMessage() . "\n");
        exit(1);
    }
    http_response_code(502);
    exit('<p role="alert">' . h($error->getMessage()) . '</p>');
}

echo '<p>', h($found['answer']['text'] ?? 'ไม่พบคำตอบ'), "</p>\n<ol>\n";
foreach ($found['hits'] as $hit) {
    $name = $hit['citation']['case']['name'] ?? $hit['citation']['title'];
    echo '<li><a href="', h($endpoint . $hit['citation']['url']), '#cite">', h($name), "</a></li>\n";
}
echo "</ol>\n";
